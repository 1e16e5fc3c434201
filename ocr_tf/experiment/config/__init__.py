"""Defines what an experiment is, and how it gets from a command line to a file and back.

Its files:

    experiment   Experiment and its parts (Data, Sequence, Train), frozen dataclasses
    common       options that several commands share
    flags        one command-line flag for every leaf of a configuration
    serialize    an experiment to run.json's content, and back
    exits        bad input becomes one line and exit code 2, never a traceback
    differences  names what differs between a folder's experiment and a command line's
    program      how commands are called in help and messages: tools/NAME or ocr-tf NAME
"""
