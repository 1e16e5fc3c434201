"""Training: from an experiment to a run folder.

Its files:

    splits             assigns lines to training and validation, makes the alphabet, names skipped lines
    step               one step: loss, gradient, update
    gradient           the size of a step's gradient
    weight_decay       which variables weight decay touches
    accelerators       the GPUs of a process, and determinism on them
    strategy           cuts a batch among the replicas of several devices or machines
    cluster            which of the processes of several machines this one is
    loop               all steps, with validation, checkpoints and resuming
    origin             goes on from another run, under other flags, as a new run
    narrowest          how narrow augmentation may make a line, so that its label stays readable
    previews           reads the same few validation lines at each validation, for TensorBoard
    profiler           profiles a few steps, for TensorBoard
    best               which validation was the best so far, and whether to stop early
    checks             refuses what cannot be trained before TensorFlow is loaded
    fingerprints       hashes that prove that two runs started equal and saw the same batches
    interruption       ends a training at the end of a step on Ctrl-C or SIGTERM
    formation          measures whether a head has found its alignment
    validation         reads the validation lines and measures how well
    show_augmentation  the command: draws what augmentation does to some lines
    contact_sheet      that picture
    train_lm           the command: estimates a language model
    config             the options of these commands
"""
