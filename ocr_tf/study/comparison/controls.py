"""Controls: what the runs of a study prove that they shared, and what differs.

The fingerprints are the trainings' own records. TensorFlow-free.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Optional, TypeVar, Union

from ocr_tf import options
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.runs.failure import divergence
from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.heads import aids_of

SHARED = ("encoder", "sequence")  # parts whose first weights conditions have in common
APART = 0.1  # from here on shares of clipped steps are said to differ
# Options that conditions of one study differ in by their seed and nothing else.
OWN = ("train.seed",)

Setting = Union[None, bool, int, float, str, tuple[str, ...]]  # the value of an option
Value = TypeVar("Value")
Runs = Mapping[str, Mapping[int, RunFolder]]  # by condition and seed


@dataclasses.dataclass(frozen=True)
class Code:
    """The code that ran."""

    versions: dict[str, Optional[str]]  # by package
    commit: Optional[str]  # None outside git
    dirty: Optional[bool]  # it has changed since the commit


@dataclasses.dataclass(frozen=True)
class DataFingerprints:
    """Fingerprints of the lines that a run was trained and validated on."""

    train: Optional[str]
    val: Optional[str]


@dataclasses.dataclass(frozen=True)
class TrainingLines:
    """The lines of a condition's first run."""

    fingerprints: Optional[DataFingerprints]
    count: int  # of training lines


@dataclasses.dataclass(frozen=True)
class Controls:
    """The records of trainings side by side; fingerprints are sha256, empty where not recorded."""

    seeds: dict[str, tuple[int, ...]]  # by condition
    first_weights: dict[int, dict[str, dict[str, str]]]  # by seed, part and condition
    batches: dict[int, dict[str, str]]  # of all batches that were shown, by seed and condition
    lines: dict[str, TrainingLines]  # by condition
    data: tuple[Optional[DataFingerprints], ...]  # each that occurs
    steps: dict[str, tuple[int, ...]]  # that were taken, by condition and run
    planned: tuple[int, ...]  # steps, each number that occurs
    threads: tuple[dict[str, Setting], ...]  # each that occurs
    versions: tuple[Code, ...]  # each that occurs
    processors: tuple[str, ...]  # each that occurs
    clipped: dict[str, tuple[Optional[float], ...]]  # share of steps, by condition and run
    options: dict[str, dict[str, Setting]]  # those that differ, by option and condition
    differs: tuple[str, ...] = ()  # sentences
    same: tuple[str, ...] = ()  # sentences


def controls(runs: Runs) -> Controls:
    """Compares the records of runs."""
    every = [run for by_seed in runs.values() for run in by_seed.values()]
    around = [s for run in every for s in run.surroundings]
    # One that diverged was shown fewer batches than the others.
    batches = {
        c: {s: _batches(run) for s, run in by.items() if divergence(run.path) is None}
        for c, by in runs.items()
    }
    weights = {c: {s: _first_weights(run) for s, run in by.items()} for c, by in runs.items()}
    seeds = sorted({seed for by_seed in runs.values() for seed in by_seed})
    compared = Controls(
        seeds={c: tuple(sorted(by_seed)) for c, by_seed in runs.items()},
        first_weights={
            seed: {
                part: {c: by[seed][part] for c, by in weights.items() if seed in by}
                for part in SHARED
            }
            for seed in seeds
        },
        batches={seed: {c: by[seed] for c, by in batches.items() if seed in by} for seed in seeds},
        lines={c: _lines(next(iter(by_seed.values()))) for c, by_seed in runs.items()},
        data=_different(map(_data, every)),
        steps={c: tuple(map(_steps, by_seed.values())) for c, by_seed in runs.items()},
        planned=_different(run.experiment.train.steps for run in every),
        threads=_different(dict(s.threads) for s in around),
        versions=code(runs),
        processors=_different(", ".join([s.processor or "", *s.accelerators]) for s in around),
        clipped={c: tuple(r.metrics.clipped() for r in by.values()) for c, by in runs.items()},
        options=_options(runs),
    )
    same, differs = _sentences(compared, {c: _shared_data(by) for c, by in runs.items()})
    experiments = {c: next(iter(by_seed.values())).experiment for c, by_seed in runs.items()}
    for equal, sentence in (_aids(experiments), _parents(experiments), _clipped(compared.clipped)):
        if sentence:
            (same if equal else differs).append(sentence)
    differs += filter(None, (_went_on(condition, by_seed) for condition, by_seed in runs.items()))
    return dataclasses.replace(compared, same=tuple(same), differs=tuple(differs))


def code(runs: Runs) -> tuple[Code, ...]:
    """Gathers the code that the runs were trained with: every kind that there was, once."""
    around = (s for by_seed in runs.values() for run in by_seed.values() for s in run.surroundings)
    return _different(Code(dict(s.versions), s.commit, s.dirty) for s in around)


def _first_weights(run: RunFolder) -> dict[str, str]:
    """Reads the fingerprint of each shared part's first weights."""
    recorded = run.description.first_weights
    return {part: recorded[part] if part in recorded else "" for part in SHARED}


def _batches(run: RunFolder) -> str:
    """Reads the last fingerprint of the batches, which stands for all before it too."""
    return next((v.batches for v in reversed(run.metrics.validations()) if v.batches), "")


def _data(run: RunFolder) -> Optional[DataFingerprints]:
    recorded = run.description.data
    return DataFingerprints(recorded["train"], recorded["val"]) if recorded else None


def _lines(run: RunFolder) -> TrainingLines:
    return TrainingLines(_data(run), sum(line.role == "train" for line in run.lines()))


def _steps(run: RunFolder) -> int:
    return run.metrics.last_step()


def _different(values: Iterable[Value]) -> tuple[Value, ...]:
    """Keeps each value once."""
    kept: list[Value] = []
    for value in values:
        if value not in kept:
            kept.append(value)
    return tuple(kept)


def _options(runs: Runs) -> dict[str, dict[str, Setting]]:
    """Finds the options that differ between the conditions that have them, by option and condition."""
    values: dict[str, dict[str, Setting]] = {}
    for condition, by_seed in runs.items():
        for leaf in options.leaves(next(iter(by_seed.values())).experiment):
            if leaf.name not in OWN:
                values.setdefault(leaf.name, {})[condition] = leaf.value
    return {name: by for name, by in sorted(values.items()) if len(_different(by.values())) > 1}


def _shared_data(by_seed: Mapping[int, RunFolder]) -> str:
    """Tells the lines of a condition's runs from others; empty where they are not one set."""
    data = _different(map(_data, by_seed.values()))
    return repr(data[0]) if len(data) == 1 and data[0] else ""


Table = Mapping[int, Mapping[str, str]]  # fingerprints by seed and condition


def _equal(table: Table) -> bool:
    """Tells whether conditions agree under every seed that several of them share, if there is one."""
    shared = [by for by in table.values() if len(by) > 1]
    return bool(shared) and all(len(set(by.values())) == 1 and all(by.values()) for by in shared)


def _groups(table: Table, conditions: Iterable[str]) -> list[list[str]]:
    """Groups conditions whose fingerprints agree on every shared seed; groups of one are left out."""
    groups: list[list[str]] = []
    for condition in conditions:
        home = [g for g in groups if all(_agree(table, condition, other) for other in g)]
        if home:
            home[0].append(condition)
        else:
            groups.append([condition])
    return [group for group in groups if len(group) > 1]


def _agree(table: Table, a: str, b: str) -> bool:
    shared = [(by[a], by[b]) for by in table.values() if a in by and b in by]
    return bool(shared) and all(one == other and one for one, other in shared)


def _named(values: Mapping[str, Setting]) -> str:
    """Names the conditions of each value: 0.1 (ctc-10 and attention-10), 0.3 (ctc-30)."""
    if len(values) == 2:
        return ", ".join(f"{condition} {_written(value)}" for condition, value in values.items())
    return ", ".join(
        f"{_written(value)} ({_listed([c for c, own in values.items() if own == value])})"
        for value in _different(values.values())
    )


def _written(value: Setting) -> Setting:
    return "none" if value == "" else value


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _aids(experiments: Mapping[str, Experiment]) -> tuple[bool, str]:
    """Says what helped the heads in training, and whether all had the same; empty where nothing did."""
    aids = {
        c: _listed([said for aid in aids_of(e.head) if (said := aid.in_use(e.head))] or ["none"])
        for c, e in experiments.items()
    }
    kinds = _different(aids.values())
    if len(kinds) == 1:
        return True, "" if kinds == (
            "none",
        ) else f"Every head had the same aids in training: {kinds[0]}."
    had = (f"{_listed([c for c, own in aids.items() if own == k])} had {k}" for k in kinds)
    return False, f"Aids of the heads in training: {'; '.join(had)}."


def _clipped(shares: Mapping[str, Sequence[Optional[float]]]) -> tuple[bool, str]:
    """Says in how many steps gradients were clipped, and whether in about as many; empty if in none."""
    means = {}
    for condition, own in shares.items():
        known = [share for share in own if share is not None]
        if len(known) < len(own):
            return True, ""
        means[condition] = sum(known) / len(known)
    if not any(means.values()):
        return True, ""
    named = _listed([f"{100 * share:.0f} % under {c}" for c, share in means.items()])
    equal = max(means.values()) - min(means.values()) < APART
    return equal, f"Share of steps whose gradient was clipped: {named}."


def _parents(experiments: Mapping[str, Experiment]) -> tuple[bool, str]:
    """Says whose budget holds another training too, and whether all started from the same."""
    parents = {c: e.train.init_from for c, e in experiments.items() if e.train.init_from}
    if not parents:
        return True, ""
    equal = len(parents) == len(experiments) and len(set(parents.values())) == 1
    who = "all conditions" if equal else _listed(list(parents))
    named = _listed(_different(parents.values()))
    return equal, (
        f"Started from weights that were trained before (--train.init_from={named}): {who}. That other "
        "training is part of the budget, and its steps are not among those counted here."
    )


def _went_on(condition: str, by_seed: Mapping[int, RunFolder]) -> str:
    """Says which runs of a condition went on from others; empty where none did."""
    origins = {seed: run.description.origin for seed, run in by_seed.items()}
    said = [
        f"seed {seed} from step {origin.step} of {origin.run}"
        + (f", whose loss was not finite at step {origin.diverged}" if origin.diverged else "")
        for seed, origin in origins.items()
        if origin is not None
    ]
    if not said:
        return ""
    return (
        f"Runs of {condition} went on from others (--train.continue_from), under whose flags the steps "
        f"before were taken: {'; '.join(said)}."
    )


def _sentences(compared: Controls, data: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """Says what is the same and what differs; `data` tells the conditions' lines apart."""
    same: list[str] = []
    differs: list[str] = []

    def say(holds: bool, equal: str, unequal: str) -> None:
        (same if holds else differs).append(equal if holds else unequal)

    def say_groups(holds: bool, table: Table, what: str, equal: str, unequal: str) -> None:
        """Also names the conditions that share what not all do."""
        say(holds, equal, f"{unequal}.")
        groups = [] if holds else _groups(table, compared.seeds)
        if groups:
            pair = list(compared.seeds)[:2]
            together = any(set(pair) <= set(group) for group in groups)
            apart = "" if together else f", {pair[0]} and {pair[1]} among them"
            differs[-1] = f"{unequal}{apart}; those that share them are named below."
            same.append(f"The same {what}: {'; '.join(map(_listed, groups))}.")

    seeds = compared.seeds
    everywhere = len(_different(seeds.values())) == 1
    if not everywhere:
        named = "; ".join(f"{c} {', '.join(map(str, own))}" for c, own in seeds.items())
        differs.append(f"Conditions were trained under different seeds: {named}.")
    each = "For each seed" if everywhere else "For each seed of several conditions"
    for part in SHARED:
        table = {seed: parts[part] for seed, parts in compared.first_weights.items()}
        say_groups(
            _equal(table),
            table,
            f"first weights of the {part}, for each seed",
            f"{each} the {part} starts from the same weights under every condition.",
            f"The first weights of the {part} differ between conditions, or are not recorded",
        )
    say_groups(
        _equal(compared.batches),
        compared.batches,
        "batches (lines, pixels and labels in their order), for each seed",
        f"{each} every condition was shown the same lines, pixels and labels in the same order.",
        "The batches (lines, order, augmentation or labels) differ between conditions",
    )
    say_groups(
        len(compared.data) == 1 and bool(compared.data[0]),
        {0: data},
        "training and validation lines",
        "All runs were trained and validated on the same lines.",
        "The training or validation lines differ between runs",
    )
    steps = {step for row in compared.steps.values() for step in row}
    say(
        steps == set(compared.planned) and len(steps) == 1,
        f"Every run took {max(steps, default=0)} steps; none stopped early.",
        f"The number of training steps differs, between runs or from what was planned "
        f"({', '.join(map(str, compared.planned))}): {', '.join(map(str, sorted(steps)))}.",
    )
    if any(one.dirty for one in compared.versions):
        differs.append(
            "Some code was changed and not committed: the commit does not say what has run."
        )
    for kinds, what in (
        (len(compared.threads), "Thread counts"),
        (len(compared.versions), "Versions and commits"),
        (len(compared.processors), "Processors"),
    ):
        say(
            kinds == 1,
            f"{what} are the same for all runs.",
            f"{what} differ between runs, or within one that went on under others.",
        )
    for name, values in compared.options.items():
        differs.append(f"--{name} differs: {_named(values)}.")
    return same, differs
