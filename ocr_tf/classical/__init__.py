"""The pipeline that CTC and attention replaced: cut a line into characters, name each, find the best path.

    binarize      ink and paper: Otsu, Sauvola, which of the two is dark
    slant         turns italics upright
    segment       pieces of characters: connected components, cut at minima of the projection profile
    features      what is measured of a run of pieces: HOG, size and place
    svm, boost    the classifiers; `classifiers` says what they share and has their registry
    logistic      a logistic regression of one variable: spaces by the width of gaps
    lattice       characters as runs of pieces: sums and best paths, exactly
    search        the best path with a language model
    rules         repairs of texts by context
    recognizer    images to texts
    model_file    the recognizer as one file
    labels        characters out of labeled lines
    config, train the command `train_classical`

Casey and Lecolinet 1996 survey such systems (A Survey of Methods and Strategies in Character Segmentation).
The room needs NumPy and OpenCV alone: TensorFlow is not loaded.
"""
