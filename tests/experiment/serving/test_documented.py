"""The clients that docs/serving.md shows: what they send is understood, and what comes back is read."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from ocr_tf.experiment.serving.signatures import NO_LOG_PROB

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "serving.md"
BLOCKS = re.findall(r"^```python\n(.*?)^```", DOCUMENT.read_text("utf-8"), re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.parametrize("served", ["ctc"], indirect=True)


def block(word: str) -> dict:
    """What the block that holds a word defines."""
    (code,) = [code for code in BLOCKS if word in code]
    names: dict = {}
    exec(compile(code, str(DOCUMENT), "exec"), names)
    return names


def expected(served) -> list:
    answer = served.serving.serving_default(tf.constant(served.images))
    answer = {name: value.numpy() for name, value in answer.items()}
    return [
        (text.decode(), pytest.approx(float(log_prob), rel=1e-3)) if ok else None
        for text, log_prob, ok in zip(answer["text"], answer["log_prob"], answer["ok"])
    ]


def as_json(tensor: tf.Tensor) -> list:
    values = tensor.numpy().tolist()
    return [v.decode() if isinstance(v, bytes) else v for v in values]


def test_every_block_is_python(served):
    assert len(BLOCKS) >= 4
    for code in BLOCKS:
        compile(code, str(DOCUMENT), "exec")


def test_the_rest_client_and_an_export_understand_each_other(served):
    """In the place of the server: its documented translation between JSON and tensors."""
    client = block("request_body")
    body = json.loads(client["request_body"](served.images))
    assert set(body) == {"signature_name", "inputs"}
    signature = tf.saved_model.load(str(served.saved)).signatures[body["signature_name"]]
    images = [base64.b64decode(value["b64"], validate=True) for value in body["inputs"]["images"]]
    outputs = signature(images=tf.constant(images))
    answer = {"outputs": {name: as_json(value) for name, value in outputs.items()}}
    text = json.dumps(answer, allow_nan=False)
    assert client["texts"](text) == expected(served)
    assert str(int(NO_LOG_PROB)) in text


def test_the_grpc_client_and_an_export_understand_each_other(served, monkeypatch):
    client = block("predict_request")
    signatures = tf.saved_model.load(str(served.saved)).signatures

    class Stub:
        def __init__(self, channel):
            pass

        def Predict(self, request, timeout):  # noqa: N802
            request = predict_pb2.PredictRequest.FromString(request.SerializeToString())
            inputs = {k: tf.constant(tf.make_ndarray(v)) for k, v in request.inputs.items()}
            response = predict_pb2.PredictResponse()
            for name, value in signatures[request.model_spec.signature_name](**inputs).items():
                response.outputs[name].CopyFrom(tf.make_tensor_proto(value))
            return response

    monkeypatch.setattr(client["prediction_service_pb2_grpc"], "PredictionServiceStub", Stub)
    assert client["read"](served.images) == expected(served)
