"""From evaluated runs to the report: of a study, or of any runs that share their test lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ocr_tf.experiment import description, flags, predictions
from ocr_tf.experiment.config import Experiment
from ocr_tf.experiment.runs import RunFolder
from ocr_tf.experiment.tools import CHECKPOINTS
from ocr_tf.study import answer
from ocr_tf.study.config import Study
from ocr_tf.study.controls import controls
from ocr_tf.study.folder import StudyFolder
from ocr_tf.study.grid import Grid, join

DECLARED = "best"  # the checkpoint that the verdict is about


def study(folder: StudyFolder, given: Study, conditions: Mapping[str, Experiment]) -> None:
    """Compares the runs of a study's folder, writes its report and prints the answer."""
    seeds = range(given.study.seeds)
    runs = {c: {s: RunFolder.open(folder.run(c, s)) for s in seeds} for c in conditions}
    grids = {
        checkpoint: join(
            {
                c: {s: run.path / "evaluations" / checkpoint for s, run in by.items()}
                for c, by in runs.items()
            },
            normalisation=given.study.normalise,
        )
        for checkpoint in CHECKPOINTS
    }
    settings = flags.dump(given).splitlines()
    about = {
        "name": given.name,
        "metric": given.study.metric,
        "normalisation": given.study.normalise,
    }
    command = f"python -m experiments.{given.name} --workdir={folder.path}"
    _report(grids, runs, about, [command, *settings], folder.report_path)


def _report(
    grids: Mapping[str, Grid],
    runs: Mapping[str, Mapping[int, RunFolder]],
    about: dict[str, Any],
    command: Sequence[str],
    output: Path,
) -> None:
    grid = grids[DECLARED]
    metric = about["metric"]
    report: dict[str, Any] = {
        "study": about,
        "conditions": [_condition(grid, runs, name) for name in grid.conditions],
        "test": {
            "sources": grid.cells[grid.conditions[0]][0].results.get("test", []),
            "lines": len(grid.ids),
            "symbols": int(grid.lengths("cer").sum()),
            "fingerprint": grid.fingerprint,
            "left_out": grid.left_out,
        },
        "signature": answer.signature(grid, metric),
        "rates": {name: answer.rates(one) for name, one in grids.items()},
        "comparisons": {name: answer.comparisons(one, metric) for name, one in grids.items()},
        "lines": _lines(grid),
        "reproduce": {"command": list(command), **description.surroundings()},
    }
    if runs:
        report["controls"] = controls(runs)
        report["curves"] = {c: [_curve(s, run) for s, run in by.items()] for c, by in runs.items()}
    from ocr_tf.study.inside import look_inside  # TensorFlow: models, images, measurements

    art = look_inside(grid, runs, report)
    from ocr_tf.study.report import words, write

    page = write(report, output, art)
    for line in words.three_lines(report):
        print(line)
    print(f"report: {page}")


def _condition(
    grid: Grid, runs: Mapping[str, Mapping[int, RunFolder]], name: str
) -> dict[str, Any]:
    found: dict[str, Any] = {"name": name, "seeds": grid.seeds(name)}
    if name in runs:
        experiment = next(iter(runs[name].values())).experiment
        found |= {
            "head": experiment.head_name,
            "encoder": experiment.encoder_name,
            "layers": experiment.sequence.layers,
            "experiment": description.configuration(experiment),
        }
    return found


def _curve(seed: int, run: RunFolder) -> dict[str, Any]:
    records = list(run.metrics())
    selections = [r for r in records if "select/cer" in r]
    return {
        "seed": seed,
        "train": [[r["step"], r["train/loss"]] for r in records if "train/loss" in r],
        "select": [[r["step"], r["select/cer"]] for r in selections],
        "timing": {"elapsed": [r["elapsed"] for r in selections]},
    }


def _lines(grid: Grid) -> list[dict[str, Any]]:
    """Every line with everything that was read of it; its size is filled in where there are images."""
    return [
        {
            "id": name,
            "reference": grid.references[i],
            "width": None,
            "height": None,
            "readings": {
                condition: [
                    {
                        "seed": cell.seed,
                        **_reading(cell.predictions[i]),
                        "edits": grid.edits[condition][s][i].distance,
                    }
                    for s, cell in enumerate(grid.cells[condition])
                ]
                for condition in grid.conditions
            },
        }
        for i, name in enumerate(grid.ids)
    ]


def _reading(prediction: predictions.Prediction) -> dict[str, Any]:
    fields = prediction._asdict()
    return {k: v for k, v in fields.items() if k not in ("id", "reference")}
