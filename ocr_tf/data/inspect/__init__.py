"""Collects what labeled lines hold before anything is trained on them: facts, copies, look-alikes.

Its files:

    collection  the lines of all roles, numbered one behind the other, and what is known of each
    labels      lengths and symbols of labels
    pixels      an image as gray levels, its key and its perceptual hashes
    near        pairs of hashes that differ in few bits, without comparing each with each
    copies      lines with one image, and lines whose images look alike
"""
