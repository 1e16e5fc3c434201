"""CTC or attention on rendered lines: trains both, compares them on held-out lines, exports both.

tools/quickstart    sets up and runs this; about ten minutes on two cores. Run again, it goes on.
"""

import dataclasses
import sys
from pathlib import Path

from experiments import quickstart_attention, quickstart_ctc
from ocr_tf import options
from ocr_tf.experiment import flags, launch
from ocr_tf.experiment.tools import Evaluate, Export, Predict, TestData
from ocr_tf.options import option

PAIR = {"ctc": quickstart_ctc.EXPERIMENT, "attention": quickstart_attention.EXPERIMENT}


@dataclasses.dataclass(frozen=True)
class Quickstart:
    workdir: str = option("runs/quickstart", "Folder of both runs, their exports and a test line.")
    steps: int = option(0, "Training steps of each head; 0: the experiments' own.", minimum=0)


def main() -> None:
    parsed = flags.parse(
        Quickstart(),
        sys.argv[1:],
        program=flags.program_name(),
        description=__doc__,
    )
    folder = Path(parsed.config.workdir)
    for name, experiment in PAIR.items():
        if parsed.config.steps:
            experiment = options.replace(experiment, {"train.steps": parsed.config.steps})
        from ocr_tf.experiment import train

        print(f"== training {name}", flush=True)
        train.run(experiment, folder / name)
    finish(folder)


def finish(folder: Path) -> None:
    """Evaluates and exports both runs, reads a picture with each export, and prints the table."""
    from ocr_tf.data.source import open_source
    from ocr_tf.experiment import evaluate, export, predict

    test = open_source(quickstart_ctc.TEST)
    picture = folder / "line.png"
    picture.write_bytes(test.read(0))
    rows = []
    for name in PAIR:
        results = evaluate.run(
            Evaluate(data=TestData((quickstart_ctc.TEST,))), str(folder / name), quiet=True
        )
        saved = folder / f"{name}_saved_model"
        if not saved.exists():
            export.run(Export(), str(folder / name), str(saved))
        rates = results["rates"]
        rows.append(
            f"{name:<10} {100 * rates['exact']:7.2f} % {100 * rates['cer']:7.2f} %  "
            f"{results['training_seconds'] / 60:7.1f} min"
        )
    print(f"\nOn {len(test.samples)} held-out lines:")
    print(f"{'head':<10} {'exact':>9} {'CER':>9}  {'training':>11}")
    print("\n".join(rows))
    print(f"\n{picture} ({test.samples[0].text}) read by each SavedModel:", flush=True)
    for name in PAIR:
        predict.run(Predict(), str(folder / f"{name}_saved_model"), [str(picture)])
    print(f"\nLook further: .venv/bin/tensorboard --logdir {folder}")


if __name__ == "__main__":
    with launch.exits():
        main()
