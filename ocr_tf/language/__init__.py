"""Language models: n-grams of symbols or words, estimated, read and written.

Its files:

    ngrams      a model: log p of a token after a history, by back-off
    arpa        reads and writes ARPA files
    kneser_ney  estimates a model from texts
    automaton   a model as tables over an alphabet, for searches
    lexicon     the texts whose words are in a list, as the same tables
    words       a model of words over a lexicon, as tables

TensorFlow-free. Nothing here knows of images.
"""
