"""CTC or attention on rendered lines: trains both under two seeds, compares them, exports both.

tools/quickstart    sets up and runs this. Run again, it goes on.

About 6 minutes on two cores: half to install, four to train four runs, two at a time, one for the report.
Measured: CTC 3.62 % CER, attention 3.78 %, difference -0.16 pp, 95 % interval -0.91 to +0.59 pp: tied.
"""

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Optional

from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.exits import exits
from ocr_tf.experiment.config.program import program_name
from ocr_tf.experiment.serving.config import Export, Predict
from ocr_tf.options import option
from ocr_tf.study import command
from ocr_tf.study.config import Study

from . import quickstart_attention, quickstart_ctc

STUDY = Study.of(
    "quickstart",
    {"ctc": quickstart_ctc.EXPERIMENT, "attention": quickstart_attention.EXPERIMENT},
    seeds=2,
    parallel="2",
    test=(quickstart_ctc.TEST,),
)


@dataclasses.dataclass(frozen=True)
class Quickstart:
    """Holds the quickstart's own flag: the folder it works in."""

    workdir: str = option("runs/quickstart", "Folder of the study, the exports and a test line.")


def main(argv: Optional[Sequence[str]] = None) -> None:
    """Runs the study, exports its models and reads a line with them."""
    parsed = flags.parse(
        STUDY,
        sys.argv[1:] if argv is None else argv,
        program=program_name(),
        description=__doc__ or "",
        command=Quickstart(),
    )
    folder = Path(parsed.command.workdir)
    command.run(STUDY, parsed.config, folder)
    finish(folder)


def finish(folder: Path) -> None:
    """Exports a run of each head, and reads a picture with each export."""
    from ocr_tf.data.dataset import open_source
    from ocr_tf.experiment.serving import predict, saved_model

    test = open_source(quickstart_ctc.TEST)
    picture = folder / "line.png"
    picture.write_bytes(test.read(0))
    exports = {name: folder / f"{name}_saved_model" for name in STUDY.conditions}
    for name, saved in exports.items():
        if not saved.exists():
            saved_model.run(Export(), str(folder / name / "seed-0"), str(saved))
    print(f"\n{picture} ({test.samples[0].text}) read by each SavedModel:", flush=True)
    for saved in exports.values():
        predict.run(Predict(), str(saved), [str(picture)])
    print(f"\nLook at {folder / 'report' / 'report.html'}, and at the curves with")
    print(f".venv/bin/tensorboard --logdir {folder}")


if __name__ == "__main__":
    with exits():
        main()
