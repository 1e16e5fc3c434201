"""A trained network put to use: loading it, reading, aligning, evaluating."""
