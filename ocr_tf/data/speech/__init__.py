"""Speech as images: columns are frames of ten milliseconds, rows are cepstral coefficients.

wav_file   reads recordings
espeak     speaks digits in many voices
mfcc       sound to cepstral coefficients, and these to gray

TensorFlow-free.
"""
