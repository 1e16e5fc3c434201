"""What is measured, defined once: normalisation, edit counts and rates."""
