"""What the runs of a study prove that they shared, and what differs.

    {"seeds": {condition: [..]}, "first_weights": {seed: {part: {condition: sha256}}},
     "batches": {seed: {condition: sha256}}, "lines": {condition: {"train", "select", "count"}},
     "data": [..], "steps": {condition: [..]}, "planned": [..], "threads": [..], "versions": [..],
     "processors": [..], "options": {option: {condition: value}},
     "differs": [sentence, ..], "same": [sentence, ..]}

The fingerprints are the trainings' own records. TensorFlow-free.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ocr_tf import options
from ocr_tf.experiment.runs import RunFolder

SHARED = ("encoder", "sequence")  # parts whose first weights conditions have in common
# Options that conditions of one study differ in by their seed and nothing else.
OWN = ("train.seed",)


def controls(runs: Mapping[str, Mapping[int, RunFolder]]) -> dict[str, Any]:
    """Compares the records of runs, by condition and seed."""
    described = {c: {s: run.described for s, run in by.items()} for c, by in runs.items()}
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
        "data": _different(d.get("data") for d in every),
        "steps": {c: [_steps(run) for run in by.values()] for c, by in runs.items()},
        "planned": _different(
            run.experiment.train.steps for by in runs.values() for run in by.values()
        ),
        "threads": _different(s["threads"] for s in around),
        "versions": _different(
            {name: s[name] for name in ("versions", "commit", "dirty")} for s in around
        ),
        "processors": _different(s["processor"] for s in around),
        "options": _options(runs),
    }
    found["same"], found["differs"] = _sentences(found)
    return found


def _weights(described: Mapping[str, Any], part: str) -> str:
    return described.get("first_weights", {}).get(part, "")


def _last_link(run: RunFolder) -> str:
    return next((r["batches"] for r in reversed(list(run.metrics())) if "batches" in r), "")


def _lines(run: RunFolder) -> dict[str, Any]:
    data = run.described.get("data", {})
    return {**data, "count": sum(role == "train" for role, _, _ in run.lines())}


def _steps(run: RunFolder) -> int:
    return max((record["step"] for record in run.metrics()), default=0)


def _different(values: Iterable[Any]) -> list[Any]:
    """The values, each once."""
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _options(runs: Mapping[str, Mapping[int, RunFolder]]) -> dict[str, dict[str, Any]]:
    """Options that differ between conditions, beyond what the head alone has."""
    values = {
        condition: {leaf.name: leaf.value for leaf in options.leaves(run.experiment)}
        for condition, by in runs.items()
        for run in list(by.values())[:1]
    }
    common = set.intersection(*(set(v) for v in values.values())) - set(OWN)
    return {
        name: {condition: json.loads(json.dumps(v[name])) for condition, v in values.items()}
        for name in sorted(common)
        if len({json.dumps(v[name]) for v in values.values()}) > 1
    }


def _equal(table: Mapping[str, Mapping[str, str]]) -> bool:
    """Whether conditions have one, the same, for each seed that several of them were trained under;
    there is such a seed."""
    shared = [by for by in table.values() if len(by) > 1]
    return bool(shared) and all(len(set(by.values())) == 1 and all(by.values()) for by in shared)


def _sentences(found: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    same: list[str] = []
    differs: list[str] = []

    def say(holds: bool, equal: str, unequal: str) -> None:
        (same if holds else differs).append(equal if holds else unequal)

    seeds = found["seeds"]
    everywhere = len(_different(seeds.values())) == 1
    if not everywhere:
        named = "; ".join(f"{c} {', '.join(map(str, of))}" for c, of in seeds.items())
        differs.append(f"Conditions were trained under different seeds: {named}.")
    each = "For each seed" if everywhere else "For each seed of several conditions"
    for part in SHARED:
        table = {seed: parts[part] for seed, parts in found["first_weights"].items()}
        say(
            _equal(table),
            f"{each} the {part} starts from the same weights under every condition.",
            f"The first weights of the {part} differ between conditions, or are not recorded.",
        )
    say(
        _equal(found["batches"]),
        f"{each} every condition was shown the same lines, pixels and labels in the same order.",
        "The batches (lines, order, augmentation or labels) differ between conditions.",
    )
    say(
        len(found["data"]) == 1 and bool(found["data"][0]),
        "All runs trained and selected on the same lines.",
        "The training or selection lines differ between runs.",
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
        said = ", ".join(f"{condition} {value}" for condition, value in values.items())
        differs.append(f"--{name} differs: {said}.")
    return same, differs
