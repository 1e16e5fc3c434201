"""What the tests of what serves share: a run of each head, and its export."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from ocr_tf.decode import Beam
from ocr_tf.experiment.serving import saved_model
from ocr_tf.experiment.serving.config import Export
from ocr_tf.experiment.serving.signatures import Serving
from tests.experiment import tiny, untrained


@pytest.fixture(scope="session", params=tiny.HEADS)
def served(request, tmp_path_factory):
    """`head`, `run` and `saved` (folders), `trained`, `serving` as in `saved`; `images`, some bad."""
    folder = tmp_path_factory.mktemp(request.param)
    trained = untrained.write(folder / "run", request.param)
    saved_model.run(Export(n_best=3), str(folder / "run"), str(folder / "saved"))
    images = untrained.images()
    images[2:2] = [b"", images[0][:100], b"no image"]
    return SimpleNamespace(
        head=request.param,
        run=folder / "run",
        saved=folder / "saved",
        trained=trained,
        serving=Serving(trained, Beam(8, 3)),
        images=images,
    )
