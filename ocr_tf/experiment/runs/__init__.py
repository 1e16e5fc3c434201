"""The run folder: everything that is kept of one training, written so that no crash leaves half a file.

Its files:

    run_folder   names, reads and writes the files of a run
    predictions  the format of an evaluation's readings, also of those of other systems
    provenance   versions, commit, machine and data fingerprint of a run
    seen_lines   refuses test lines that a run was trained or chosen on
    checkpoints  the checkpoints of a run: weights, optimizer and state
    description  the content of run.json, as dataclasses
    failure      whether a training failed: diverged, not aligned or not learned
    lock         one process at a time owns a folder
    metrics_log  metrics.jsonl, a record of the training on each line
    temperature  the temperature of a run, as given and as fitted
    outputs      finds out before the work whether its result can be written
"""
