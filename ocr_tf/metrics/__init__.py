"""Metrics, defined once: edit counts and error rates, calibration, alignments, search errors."""
