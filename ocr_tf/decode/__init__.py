"""Searches and lattices, apart from networks: from scores or a callable to hypotheses."""
