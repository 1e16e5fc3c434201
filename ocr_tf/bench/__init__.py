"""Measures how fast networks train and read, next to what this machine can do."""
