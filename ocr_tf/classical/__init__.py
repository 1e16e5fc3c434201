"""The pipeline that CTC and attention replaced: cut a line into characters, name each, find the best path.

    binarize      ink and paper: Otsu, Sauvola, which of the two is dark
    slant         turns italics upright
    segment       pieces of characters: connected components, cut at minima of the projection profile
    features      what is measured of a run of pieces: HOG, size and place
    one_vs_rest   a two-class problem for each class
    svm, boost    the classifiers of such problems
    classifier    probabilities of their decisions
    logistic      a logistic regression of one variable: spaces by the width of gaps
    lattice       characters as runs of pieces: sums and best paths, exactly
    search        the best path with a language model; `guided` makes one of a --search
    rules         repairs of texts by context
    recognizer    images to texts
    model_file    the recognizer as one file
    images        encoded lines to pixels
    labels        characters out of labeled lines
    config, train the command `train_classical`

Casey and Lecolinet 1996 survey such systems (A Survey of Methods and Strategies in Character Segmentation).
TensorFlow is not loaded.
"""
