"""One short file for each experiment: python -m experiments.NAME --workdir=... --data.train=..."""
