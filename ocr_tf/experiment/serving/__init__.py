"""Exports of a run, their signatures, and reading images with either."""
