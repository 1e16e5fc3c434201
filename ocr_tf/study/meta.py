"""The same question over the data sets of several studies: a meta-study, made of their reports.

A study is told from a run by its study.json. TensorFlow-free.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from ocr_tf import options
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.program import command_name
from ocr_tf.metrics import paired
from ocr_tf.study.comparison.across import SetDifference, across, left_out
from ocr_tf.study.config import Compare
from ocr_tf.study.report import meta_page, read_json
from ocr_tf.study.report.meta_content import Meta
from ocr_tf.study.report.read_json import Said
from ocr_tf.study.study_folder import StudyFolder
from ocr_tf.version import __version__

OF_RUNS = ("name", "lines", "groups", "paired", "margin")  # flags that a study has decided


def are_studies(paths: Sequence[str]) -> bool:
    """Tells whether what is named are studies.

    Raises:
        InputError: some are, and some are not.
    """
    begun = [StudyFolder(Path(path)).begun for path in paths]
    if any(begun) and not all(begun):
        one, other = (paths[begun.index(is_one)] for is_one in (True, False))
        raise InputError(f"{one} is a study and {other} is none; name studies alone, or runs alone")
    return any(begun)


def run(config: Compare, paths: Sequence[str], output: Path) -> None:
    """Summarizes what studies of other data found, writes the report and prints the answer.

    Raises:
        InputError: fewer than two studies, one without a report, or studies that do not ask the same of other
            lines.
    """
    _refuse_flags(config)
    if len(paths) < 2:
        raise InputError(
            f"{paths[0]}: one study, whose report answers already; name another of other data too"
        )
    said = [read_json.read(StudyFolder(Path(path)).report_path / "report.json") for path in paths]
    _refuse_others(config, paths, said)
    names = _names([Path(path) for path in paths])
    sets = [_difference(name, one) for name, one in zip(names, said)]
    meta = Meta(
        metric=config.metric,
        normalization=config.normalize,
        studies=tuple(paths),
        across=across(sets, independent=True),
        command=tuple(
            map(shlex.quote, (command_name("compare"), *paths, *flags.dump(config).splitlines()))
        ),
        version=__version__,
    )
    page = meta_page.write(meta, output)
    print("\n".join([*meta_page.terminal(meta), f"report: {page}"]))


def _difference(name: str, said: Said) -> SetDifference:
    why = "; ".join(one.sentence for one in paired.untrained(said.failures))
    return SetDifference(name, said.recipes, left_out(said.recipes, why))


def _names(paths: Sequence[Path]) -> list[str]:
    """Names studies by their folders; by whole paths where two folders have one name."""
    names = [path.resolve().name for path in paths]
    return names if len(set(names)) == len(names) else [str(path) for path in paths]


def _refuse_flags(config: Compare) -> None:
    usual = {leaf.name: leaf.value for leaf in options.leaves(Compare())}
    for leaf in options.leaves(config):
        if leaf.name in OF_RUNS and leaf.value != usual[leaf.name]:
            raise InputError(
                f"--{leaf.name}: for runs; each study has decided it when it was begun; leave it out"
            )


def _refuse_others(config: Compare, paths: Sequence[str], said: Sequence[Said]) -> None:
    """Refuses studies of other conditions or another metric, and two that were tested on the same lines."""
    first, tested = said[0], dict[str, str]()
    for path, one in zip(paths, said):
        if one.conditions != first.conditions:
            raise InputError(
                f"{path}: compares {', '.join(one.conditions)}, {paths[0]} compares "
                f"{', '.join(first.conditions)}; name studies of the same conditions"
            )
        for flag, own, asked in (
            ("metric", one.metric, config.metric),
            ("normalize", one.normalization, config.normalize),
        ):
            if own != asked:
                raise InputError(
                    f"{path}: its verdict is by --study.{flag}={own}, not {asked}; give --{flag}={own}, and "
                    "name studies that share it"
                )
        if one.test_set in tested:
            raise InputError(
                f"{path}: was tested on the lines of {tested[one.test_set]}; name one of the two"
            )
        tested[one.test_set] = path
