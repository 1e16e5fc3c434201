"""ocr_tf: CTC and attention decoders for text-line images, compared under equal conditions."""

__version__ = "0.1.0"
