"""What the runs of a study prove that they shared, and what differs.

    {"seeds": {condition: [..]}, "first_weights": {seed: {part: {condition: sha256}}},
     "batches": {seed: {condition: sha256}}, "lines": {condition: {"train", "val", "count"}},
     "data": [..], "steps": {condition: [..]}, "planned": [..], "threads": [..], "versions": [..],
     "processors": [..], "options": {option: {condition: value}},
     "differs": [sentence, ..], "same": [sentence, ..]}

The fingerprints are the trainings' own records. TensorFlow-free.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ocr_tf import options
from ocr_tf.experiment.runs.description import RunDescription
from ocr_tf.experiment.runs.run_folder import RunFolder

SHARED = ("encoder", "sequence")  # parts whose first weights conditions have in common
# Options that conditions of one study differ in by their seed and nothing else.
OWN = ("train.seed",)


def controls(runs: Mapping[str, Mapping[int, RunFolder]]) -> dict[str, Any]:
    """Compares the records of runs, by condition and seed."""
    described = {c: {s: run.description for s, run in by.items()} for c, by in runs.items()}
    every = [d for by in described.values() for d in by.values()]
    around = [s for by in runs.values() for run in by.values() for s in run.surroundings]
    links = {c: {s: _last_link(run) for s, run in by.items()} for c, by in runs.items()}
    seeds = sorted({seed for by in runs.values() for seed in by})
    found: dict[str, Any] = {
        "seeds": {c: sorted(by) for c, by in runs.items()},
        "first_weights": {
            str(seed): {
                part: {c: _weights(by[seed], part) for c, by in described.items() if seed in by}
                for part in SHARED
            }
            for seed in seeds
        },
        "batches": {
            str(seed): {c: by[seed] for c, by in links.items() if seed in by} for seed in seeds
        },
        "lines": {c: _lines(next(iter(by.values()))) for c, by in runs.items()},
        "data": _different(d.data for d in every),
        "steps": {c: [_steps(run) for run in by.values()] for c, by in runs.items()},
        "planned": _different(
            run.experiment.train.steps for by in runs.values() for run in by.values()
        ),
        "threads": _different(s.threads for s in around),
        "versions": code(runs),
        "processors": _different(s.processor for s in around),
        "options": _options(runs),
    }
    data = {condition: _data(by) for condition, by in runs.items()}
    found["same"], found["differs"] = _sentences(found, data)
    return found


def code(runs: Mapping[str, Mapping[int, RunFolder]]) -> list[dict[str, Any]]:
    """With which code the runs were trained: every kind that there was, once."""
    around = (s for by in runs.values() for run in by.values() for s in run.surroundings)
    return _different(
        {"versions": s.versions, "commit": s.commit, "dirty": s.dirty} for s in around
    )


def _weights(described: RunDescription, part: str) -> str:
    return described.first_weights.get(part, "")


def _last_link(run: RunFolder) -> str:
    return next((v.batches for v in reversed(run.metrics.validations()) if v.batches), "")


def _lines(run: RunFolder) -> dict[str, Any]:
    return {**run.description.data, "count": sum(role == "train" for role, _, _ in run.lines())}


def _steps(run: RunFolder) -> int:
    return run.metrics.last_step()


def _different(values: Iterable[Any]) -> list[Any]:
    """The values, each once."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _options(runs: Mapping[str, Mapping[int, RunFolder]]) -> dict[str, dict[str, Any]]:
    """Options that differ between the conditions that have them, by option and condition."""
    values: dict[str, dict[str, Any]] = {}
    for condition, by in runs.items():
        for leaf in options.leaves(next(iter(by.values())).experiment):
            if leaf.name not in OWN:
                plain = json.loads(json.dumps(leaf.value))
                values.setdefault(leaf.name, {})[condition] = plain
    return {name: by for name, by in sorted(values.items()) if len(_different(by.values())) > 1}


def _data(by: Mapping[int, RunFolder]) -> str:
    """What tells the lines of a condition's runs from others; empty where they are not one set."""
    found = _different(run.description.data for run in by.values())
    return json.dumps(found[0], sort_keys=True) if len(found) == 1 and found[0] else ""


def _equal(table: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether conditions have one, the same, for each seed that several of them were trained under;
    there is such a seed."""
    shared = [by for by in table.values() if len(by) > 1]
    return bool(shared) and all(len(set(by.values())) == 1 and all(by.values()) for by in shared)


def _groups(table: Mapping[str, Mapping[str, str]], conditions: Iterable[str]) -> list[list[str]]:
    """The conditions that have one, the same, for each seed that they share; of two or more."""
    groups: list[list[str]] = []
    for condition in conditions:
        home = [g for g in groups if all(_agree(table, condition, other) for other in g)]
        if home:
            home[0].append(condition)
        else:
            groups.append([condition])
    return [group for group in groups if len(group) > 1]


def _agree(table: Mapping[str, Mapping[str, str]], a: str, b: str) -> bool:
    shared = [(by[a], by[b]) for by in table.values() if a in by and b in by]
    return bool(shared) and all(one == other and one for one, other in shared)


def _named(values: Mapping[str, Any]) -> str:
    """The conditions of each value: 0.1 (ctc-10 and attention-10), 0.3 (ctc-30)."""
    if len(values) == 2:
        return ", ".join(f"{condition} {value}" for condition, value in values.items())
    return ", ".join(
        f"{value} ({_listed([c for c, own in values.items() if own == value])})"
        for value in _different(values.values())
    )


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _sentences(found: Mapping[str, Any], data: Mapping[str, str]) -> tuple[list[str], list[str]]:
    """What is the same and what differs; `data` tells the conditions' lines apart."""
    same: list[str] = []
    differs: list[str] = []

    def say(holds: bool, equal: str, unequal: str) -> None:
        (same if holds else differs).append(equal if holds else unequal)

    def say_groups(
        holds: bool, table: Mapping[str, Mapping[str, str]], what: str, equal: str, unequal: str
    ) -> None:
        """With which conditions share what not all do, those of the first pair first."""
        say(holds, equal, f"{unequal}.")
        groups = [] if holds else _groups(table, found["seeds"])
        if groups:
            pair = list(found["seeds"])[:2]
            together = any(set(pair) <= set(group) for group in groups)
            apart = "" if together else f", {pair[0]} and {pair[1]} among them"
            differs[-1] = f"{unequal}{apart}; those that share them are named below."
            same.append(f"The same {what}: {'; '.join(map(_listed, groups))}.")

    seeds = found["seeds"]
    everywhere = len(_different(seeds.values())) == 1
    if not everywhere:
        named = "; ".join(f"{c} {', '.join(map(str, of))}" for c, of in seeds.items())
        differs.append(f"Conditions were trained under different seeds: {named}.")
    each = "For each seed" if everywhere else "For each seed of several conditions"
    for part in SHARED:
        table = {seed: parts[part] for seed, parts in found["first_weights"].items()}
        say_groups(
            _equal(table),
            table,
            f"first weights of the {part}, for each seed",
            f"{each} the {part} starts from the same weights under every condition.",
            f"The first weights of the {part} differ between conditions, or are not recorded",
        )
    say_groups(
        _equal(found["batches"]),
        found["batches"],
        "batches (lines, pixels and labels in their order), for each seed",
        f"{each} every condition was shown the same lines, pixels and labels in the same order.",
        "The batches (lines, order, augmentation or labels) differ between conditions",
    )
    say_groups(
        len(found["data"]) == 1 and bool(found["data"][0]),
        {"": data},
        "training and validation lines",
        "All runs trained and selected on the same lines.",
        "The training or validation lines differ between runs",
    )
    steps = {step for row in found["steps"].values() for step in row}
    say(
        steps == set(found["planned"]) and len(steps) == 1,
        f"Every run took {max(steps, default=0)} steps; none stopped early.",
        f"The number of training steps differs, between runs or from what was planned "
        f"({', '.join(map(str, found['planned']))}): {', '.join(map(str, sorted(steps)))}.",
    )
    if any(of["dirty"] for of in found["versions"]):
        differs.append(
            "Some code was changed and not committed: the commit does not say what has run."
        )
    for key, what in (
        ("threads", "Thread counts"),
        ("versions", "Versions and commits"),
        ("processors", "Processors"),
    ):
        say(
            len(found[key]) == 1,
            f"{what} are the same for all runs.",
            f"{what} differ between runs, or within one that went on under others.",
        )
    for name, values in found["options"].items():
        differs.append(f"--{name} differs: {_named(values)}.")
    return same, differs
