"""Options of make_records; TensorFlow-free."""

from __future__ import annotations

import dataclasses

from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class MakeRecords:
    """Turns labeled lines into sharded TFRecords: a few large files that open without a look at each image.

    The shards hold tf.train.Example messages with image/encoded, label/text and id. A killed conversion
    goes on where it was: give the same command again.
    """

    data: tuple[str, ...] = option(
        (), "Lines: labels files, folders or scheme:SPEC, comma-separated."
    )
    shard_lines: int = option(10_000, "Lines of a shard.", minimum=1, maximum=1_000_000)
    processes: int = option(0, "Processes that write; 0: one for each core.", minimum=0)
    strict: bool = option(
        False, "Stop at the first image that cannot be used, instead of leaving it out."
    )
    verify: bool = option(False, "Check the records that are there against their manifest, only.")
    beam: str = option(
        "",
        "Convert by Apache Beam with this runner, as DirectRunner, instead of by local processes; "
        'pip install "ocr_tf[beam]".',
    )
