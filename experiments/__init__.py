"""One short file an experiment: python -m experiments.NAME --workdir=... --data.train=..."""
