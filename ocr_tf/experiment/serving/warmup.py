"""Requests that TensorFlow Serving answers when it loads an export, so that the first user need not wait.

https://www.tensorflow.org/tfx/serving/saved_model_warmup: a TFRecord of PredictionLog messages.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import tensorflow as tf
from tensorflow_serving.apis import model_pb2, predict_pb2, prediction_log_pb2

from ocr_tf.data.geometry import Geometry
from ocr_tf.data.image import prepare_batch
from ocr_tf.data.synthetic import render

NAME = "tf_serving_warmup_requests"
TEXTS = ("2468", "warm", "13579 up and down", "0")  # drawn; of unequal widths
BATCHES = (1, 1, len(TEXTS))  # the first request traces, the second is what others will see


def write(path: Path, signatures: list[str], geometry: Geometry) -> None:
    """A file with requests of one and of several lines for each signature."""
    with tf.io.TFRecordWriter(str(path)) as writer:
        for name in signatures:
            for request in _requests(name, geometry):
                log = prediction_log_pb2.PredictLog(request=request)
                message = prediction_log_pb2.PredictionLog(predict_log=log)
                writer.write(message.SerializeToString())


def _requests(signature: str, geometry: Geometry) -> Iterator[predict_pb2.PredictRequest]:
    drawn = tf.constant([render(text, 0, i) for i, text in enumerate(TEXTS)])
    spec = model_pb2.ModelSpec(name="ocr_tf", signature_name=signature)
    for count in BATCHES:
        inputs = {"images": drawn[:count]}
        if signature == "tensors":
            prepared, _ = prepare_batch(drawn[:count], geometry)
            inputs = {"pixels": prepared.values, "widths": prepared.widths}
        yield predict_pb2.PredictRequest(
            model_spec=spec,
            inputs={key: tf.make_tensor_proto(value) for key, value in inputs.items()},
        )
