"""Deterministic operations are asked for where there is a GPU, and nowhere else."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import tensorflow as tf

from ocr_tf.experiment.training import accelerators


@pytest.mark.parametrize(
    "gpus, asked, does",
    [([], True, False), (["A100"], True, True), (["A100"], False, False)],
)
def test_deterministic_operations(monkeypatch, gpus, asked, does):
    enabled = []
    devices = [SimpleNamespace(name=f"/physical_device:GPU:{i}") for i in range(len(gpus))]
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices)
    details = {device.name: {"device_name": name} for device, name in zip(devices, gpus)}
    experimental = tf.config.experimental
    monkeypatch.setattr(experimental, "get_device_details", lambda d: details[d.name])
    monkeypatch.setattr(experimental, "enable_op_determinism", lambda: enabled.append(True))
    assert accelerators.accelerators() == gpus
    assert accelerators.deterministic(asked) == does == bool(enabled)
