"""One table of systems of all kinds: what each reads of the same lines, how large and how fast it is.

Its files:

    config      the flags of compare_systems
    command     runs it: opens, reads, times, writes
    named       the systems that a command line names
    line_sets   the lines that all of them read
    system      what a system of any kind is asked for
    classical   a classical recognizer as a system
    network     a run as a system
    readings    what a system reads of a set, kept in a file
    latency     how long a line takes alone, in a process of one core
    measured    rates of a set with their intervals
    table       all that was measured, as JSON and CSV
    plots       accuracy by difficulty
    page        the table as one HTML page
"""
