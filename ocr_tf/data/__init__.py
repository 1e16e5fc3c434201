"""Labeled line images: where they come from, how they become batches.

source        what a source is; columns of strings in `strings`
sources/      SOURCES: each kind of source by its scheme; how it is named in `spec`
dataset       opens sources by name, one behind the other
page_lines    lines that XML files outline on pages; xml_file, page_image, baselines: its parts
mat_file      strings out of MATLAB files
synthetic     lines that are drawn
image         the one path from bytes to pixels; image_file, image_conversions, image_formats, png: formats
image_numpy   the same for the common kinds of file, outside a graph
records/      sharded TFRecords with an index
render/       draws lines of text
speech/       sound to images of cepstral coefficients; digits that a synthesizer says
scenes        draws two shapes and describes them
inspect/      looks for what is wrong with lines
text          the form that labels are brought to
index         what was once measured of images
lines         what is known of each line; splits
batching      which lines are in which batch
augment       perturbation of training images
cache         lines that were decoded once
pipeline      batches, made ahead
fingerprint   hashes that tell data sets apart
geometry      the size that images are brought to
"""
