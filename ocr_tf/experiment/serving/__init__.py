"""A trained network outside this toolkit, and the command that reads pictures with it.

Its files:

    signatures     the functions of an export: image bytes in; text, log-probability and status out
    saved_model    writes a run as a SavedModel, which needs only TensorFlow
    tflite         writes a run as a TensorFlow Lite file of built-in operations
    warmup         example requests that TensorFlow Serving answers while it loads an export
    predict        the command: reads images with a run or an export
    config         the options of these commands
    export_folder  the files beside an export's graph; tells an export from a run
    reader         reads encoded images with a run or an export
    model          runs and exports as objects that read images: what ocr_tf.load gives
"""
