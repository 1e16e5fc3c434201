from __future__ import annotations

import dataclasses
import json
import re

import pytest

from ocr_tf.experiment.runs.run_folder import RunFolder
from ocr_tf.heads import Attention
from ocr_tf.study.comparison.controls import controls
from tests.study import told

HEADS = ("ctc", "attention")
SAME = 8  # sentences on what was controlled


def differing(found):
    """What differs beside the aids of the heads, which always do."""
    aids = [said for said in found.differs if said.startswith("Aids of the heads in training: ")]
    assert len(aids) == 1 and "ctc had none" in aids[0]
    return tuple(said for said in found.differs if said not in aids)


def study(folder, seeds=(0, 1), **planted):
    """Runs of two conditions; what is planted differs under attention's last seed."""
    made: dict[str, dict[int, RunFolder]] = {}
    for head in HEADS:
        for seed in seeds:
            other = planted if (head, seed) == (HEADS[-1], seeds[-1]) else {}
            made.setdefault(head, {})[seed] = told.run(
                folder / f"{head}{seed}", head, seed, **other
            )
    return made


def test_runs_that_share_everything_say_so(tmp_path):
    found = controls(study(tmp_path))
    assert differing(found) == () and len(found.same) == SAME
    assert found.seeds == {"ctc": (0, 1), "attention": (0, 1)}


@pytest.mark.parametrize(
    "planted, said",
    [
        ({"chain": "other"}, "batches .* differ"),
        ({"steps": told.tiny.STEPS - 4}, "steps differs.*: 8, 12"),
        ({"data": {"train": "u", "val": "s"}}, "training or validation lines differ"),
        ({"versions": {"ocr_tf": "2"}}, "Versions and commits differ"),
        ({"commit": "d"}, "Versions and commits differ"),
        ({"threads": {"cores": 4}}, "Thread counts differ"),
        ({"processor": "q"}, "Processors differ"),
        ({"first_weights": {}}, "first weights of the (encoder|sequence) differ"),
        ({"first_weights": {"sequence": "w"}}, "first weights of the (encoder|sequence) differ"),
        ({"weights": "other"}, "first weights of the (encoder|sequence) differ"),
    ],
)
def test_one_run_that_differs_is_told(tmp_path, planted, said):
    found = controls(study(tmp_path, **planted))
    differs = differing(found)
    assert differs
    for sentence in differs:
        assert re.search(said, sentence), sentence
    assert len(found.same) + len(differs) == SAME


def test_an_early_stop_of_all_runs_is_told(tmp_path):
    runs = {h: {0: told.run(tmp_path / h, h, steps=8)} for h in HEADS}
    (said,) = differing(controls(runs))
    assert "from what was planned (12): 8" in said


def test_a_run_that_went_on_with_other_threads_is_told(tmp_path):
    runs = study(tmp_path)
    changed = next(iter(runs["ctc"].values()))
    facts = {**dataclasses.asdict(changed.description.surroundings), "threads": {"cores": 64}}
    (changed.path / "resumed.json").write_text(json.dumps([facts]))
    assert differing(controls(runs)) == (
        "Thread counts differ between runs, or within one that went on under others.",
    )


def test_code_that_no_commit_names_is_told(tmp_path):
    runs = {h: {0: told.run(tmp_path / h, h, dirty=True)} for h in HEADS}
    (said,) = differing(controls(runs))
    assert "not committed" in said


def test_an_option_of_one_condition_is_told_by_name(tmp_path):
    flags = {"train.learning_rate": 0.5, "head.units": 99}
    runs = {
        "ctc": {0: told.run(tmp_path / "a")},
        "attention": {0: told.run(tmp_path / "b", "attention", flags=flags)},
    }
    found = controls(runs)
    (said,) = differing(found)  # what only one head has is no difference to control
    assert said == "--train.learning_rate differs: ctc 0.001, attention 0.5."


def test_seeds_that_only_one_condition_has_are_named_and_prove_nothing(tmp_path):
    runs = study(tmp_path, seeds=(0, 1, 2))
    del runs["attention"][2]
    found = controls(runs)
    assert differing(found) == (
        "Conditions were trained under different seeds: ctc 0, 1, 2; attention 0, 1.",
    )
    apart = {"ctc": {0: runs["ctc"][0]}, "attention": {1: runs["attention"][1]}}
    said = " ".join(controls(apart).differs)
    assert "different seeds" in said and "first weights of the encoder" in said
    assert "batches" in said


def test_the_order_of_conditions_and_runs_is_no_difference(tmp_path):
    runs = study(tmp_path, seeds=(0, 1, 2))
    turned = {c: dict(reversed(by.items())) for c, by in reversed(runs.items())}
    assert controls(turned).same == controls(runs).same


def shares(folder, *, pair=("10", "10")):
    """Two heads on shares of the lines; `pair` is the shares of the first two conditions."""
    made = {}
    for number, (head, share) in enumerate(zip(HEADS * 3, [*pair, "30", "30", "100", "100"])):
        name = f"{head}-{share}-{number}"
        run = told.run(
            folder / name,
            head,
            chain=share,
            weights="one",
            data={"train": share, "val": "s"},
            flags={"data.share": int(share) / 100},
        )
        made[name] = {0: run}
    return made


def test_of_several_conditions_those_that_share_are_named_the_first_pair_first(tmp_path):
    found = controls(shares(tmp_path))
    groups = (
        "ctc-10-0 and attention-10-1; ctc-30-2 and attention-30-3; ctc-100-4 and attention-100-5"
    )
    batches, lines, share, aids = found.differs
    assert aids.startswith(
        "Aids of the heads in training: ctc-10-0, ctc-30-2 and ctc-100-4 had none; "
    )
    assert batches.startswith("The batches (lines, order, augmentation or labels) differ")
    assert lines.startswith("The training or validation lines differ")
    assert "among them" not in batches + lines
    assert share == (
        "--data.share differs: 0.1 (ctc-10-0 and attention-10-1), 0.3 (ctc-30-2 and attention-30-3), "
        "1.0 (ctc-100-4 and attention-100-5)."
    )
    assert [said.partition(": ")[2] for said in found.same if ": " in said] == [f"{groups}."] * 2
    assert sum("starts from the same weights" in said for said in found.same) == 2


def test_a_first_pair_that_does_not_share_is_told(tmp_path):
    found = controls(shares(tmp_path, pair=("10", "30")))
    assert "ctc-10-0 and attention-30-1 among them" in found.differs[0]
    (batches,) = (said for said in found.same if said.startswith("The same batches"))
    assert batches.endswith(
        ": attention-30-1, ctc-30-2 and attention-30-3; ctc-100-4 and attention-100-5."
    )


def test_an_option_of_several_conditions_is_compared_over_those_that_have_it(tmp_path):
    runs = {
        "small": {0: told.run(tmp_path / "a", "attention", flags={"head.units": 256})},
        "large": {0: told.run(tmp_path / "b", "attention", flags={"head.units": 512})},
        "ctc": {0: told.run(tmp_path / "c")},
    }
    assert differing(controls(runs)) == ("--head.units differs: small 256, large 512.",)


def test_aids_of_a_head_are_named_by_its_options(tmp_path):
    on = {aid.option: 0.25 for aid in Attention.AIDS if aid.option != "location"}
    flags = {f"head.{name}": value for name, value in {**on, "location": 7}.items()}
    runs = {
        "helped": {0: told.run(tmp_path / "a", "attention", flags=flags)},
        "bare": {
            0: told.run(tmp_path / "b", "attention", flags=dict.fromkeys(flags, 0)),
        },
    }
    (said,) = (s for s in controls(runs).differs if s.startswith("Aids"))
    assert said.endswith("; bare had none.") and said.count("helped") == 1
    for aid in Attention.AIDS:
        assert f"{aid.name} (--head.{aid.option}=" in said
        assert not aid.until or f"fading until --head.{aid.until}=" in said
    both = {name: {0: told.run(tmp_path / name, "attention")} for name in ("one", "two")}
    (said,) = (s for s in controls(both).same if "aids" in s)
    assert said.startswith("Every head had the same aids in training: ")
    assert not any("aids" in s.lower() for s in controls({"c": {0: told.run(tmp_path / "d")}}).same)


def test_another_training_in_the_budget_is_told(tmp_path):
    def started(name, parent):
        return {0: told.run(tmp_path / name, flags={"train.init_from": parent})}

    some = controls({"new": started("a", ""), "tuned": started("b", "runs/ctc")})
    (said,) = (s for s in some.differs if "part of the budget" in s)
    assert "(--train.init_from=runs/ctc): tuned." in said
    assert "--train.init_from differs: new none, tuned runs/ctc." in some.differs
    every = controls({"a": started("c", "runs/ctc"), "b": started("d", "runs/ctc")})
    (said,) = (s for s in every.same if "part of the budget" in s)
    assert "all conditions" in said and not any("init_from" in s for s in every.differs)


def test_clipping_that_differs_between_heads_is_told(tmp_path):
    runs = study(tmp_path)

    def record(head: str, shares: tuple[float, ...]) -> None:
        for run in runs[head].values():
            for share in shares:
                run.metrics.append({"step": 9, "train/clipped": share})

    assert not any("clipped" in said for said in controls(runs).same)  # not recorded
    record("ctc", (0.4, 0.5))
    record("attention", (0.5,))
    found = controls(runs)
    said = "Share of steps whose gradient was clipped: 45 % under ctc and 50 % under attention."
    assert said in found.same and differing(found) == ()
    assert found.clipped["ctc"] == (pytest.approx(0.45), pytest.approx(0.45))
    record("attention", (0.7, 0.9))
    (said,) = differing(controls(runs))
    assert "70 % under attention" in said
