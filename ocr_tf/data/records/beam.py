"""The conversion to records as an Apache Beam pipeline: a shard is an element.

Shards and manifest are those of `make`, byte for byte: both write a shard by the same function. The
folder, and what the sources name, must be where every worker can reach it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Optional

from ocr_tf.data.dataset import open_sources
from ocr_tf.data.records.config import MakeRecords
from ocr_tf.data.records.manifest import Plan
from ocr_tf.data.records.shard import write_shard
from ocr_tf.data.source import Source
from ocr_tf.errors import InputError

try:
    import apache_beam
    from apache_beam.options.pipeline_options import PipelineOptions
except ImportError:
    raise InputError(
        '--beam: Apache Beam is not installed; pip install "ocr_tf[beam]", or apache-beam alone'
    ) from None


class WriteShard(apache_beam.DoFn):  # type: ignore[misc]  # Beam's classes are untyped
    """Writes the shard whose number comes in; opens the sources once a worker."""

    def __init__(self, plan: Plan, folder: Path, strict: bool):
        self._plan, self._folder, self._strict = plan, folder, strict
        self._source: Optional[Source] = None

    def setup(self) -> None:
        """Opens the sources."""
        self._source = open_sources(self._plan.data)

    def process(self, number: int) -> Iterator[int]:
        """Writes one shard and passes its number on."""
        assert self._source is not None, "Beam calls setup first"
        positions, path = self._plan.positions(number), self._plan.path(self._folder, number)
        write_shard(self._source, positions, path, self._strict)
        yield number


def written(config: MakeRecords, plan: Plan, folder: Path, todo: Sequence[int]) -> Iterator[int]:
    """Runs the pipeline to its end, then yields the numbers of the shards.

    Raises:
        InputError: the runner is not known, or an image cannot be used under --strict.
    """
    try:
        options = PipelineOptions([f"--runner={config.beam}"])
        with apache_beam.Pipeline(options=options) as pipeline:
            _ = (
                pipeline
                | "shards" >> apache_beam.Create(list(todo))
                | "spread" >> apache_beam.Reshuffle()
                | "write" >> apache_beam.ParDo(WriteShard(plan, folder, config.strict))
            )
    except (ValueError, RuntimeError) as error:
        raise InputError(f"--beam={config.beam}: {str(error).splitlines()[0]}") from None
    yield from todo
