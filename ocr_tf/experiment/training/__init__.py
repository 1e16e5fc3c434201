"""Training: from an experiment to a run folder.

Its files:

    splits        assigns lines to training and validation, makes the alphabet, names skipped lines
    step          one step: loss, gradient, clipping, update
    loop          all steps, with validation, checkpoints and resuming
    previews      reads the same few validation lines at each validation, for TensorBoard
    profiler      profiles a few steps, for TensorBoard
"""
