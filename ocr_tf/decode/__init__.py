"""Searches and lattices, apart from networks: they take scores or a callable, and return hypotheses."""
