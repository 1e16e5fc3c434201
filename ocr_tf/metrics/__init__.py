"""Metrics, defined once: normalization, edit counts and error rates, calibration, alignments."""
