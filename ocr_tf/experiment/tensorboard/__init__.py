"""Curves, pictures, texts and hyperparameters of a run, as TensorBoard reads them."""
