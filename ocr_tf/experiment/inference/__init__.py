"""Everything that a trained network does with lines: read, measure, align.

Its files:

    load                builds an experiment's network, with the weights of its run folder or of another run
    recognize           reads lines in batches and gives the texts in the order that the lines came in
    evaluate            the command: error rates and a prediction for every line, of a run or another system
    evaluate_run        the same for a run, after checking that it has not seen the test lines
    join                brings the texts of a file to the order of the lines
    temperature         fits the temperature that calibrates a run
    scorer              log p(text | image) of given texts
    score               the command: scores texts, and counts whose errors a run's errors are
    evaluate_nothing    the same for a run that diverged before its first checkpoint: nothing is read
    evaluate_classical  lets a classical recognizer read test lines
    evaluate_ensemble   the same for several runs that read as one
    tune_search         the command: the options of a search, by the validation lines
    validation_lines    the lines that chose a run's checkpoint
    evaluated           the types of a measurement
    aligner             the weight of each image column for each symbol of a text
    align               the command: draws those weights for one image
    config              the options of these commands
"""
