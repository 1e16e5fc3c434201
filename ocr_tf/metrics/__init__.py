"""What is measured, defined once: normalization, edit counts and rates."""
