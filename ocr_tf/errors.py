"""The exceptions that people, not programmers, are meant to read."""

NAMED = 5  # lines, samples or symbols that a message names before it only counts


class InputError(Exception):
    """Bad input: a flag, a file, a line.

    The message is one line that names the place and the way out. Command lines print it without a
    traceback and exit with code 2.
    """


class Diverged(InputError):
    """A training whose loss is no longer finite."""
