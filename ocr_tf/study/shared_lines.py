"""What all conditions of a study share: the lines that every one of them can use, and the alphabet."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping, Sequence

from ocr_tf import options
from ocr_tf.alphabet import Alphabet
from ocr_tf.atomic import atomic_write
from ocr_tf.data.dataset import open_sources, parts_of
from ocr_tf.data.lines import WIDEST, Lines, load_lines
from ocr_tf.data.source import Sample, Source
from ocr_tf.errors import NAMED, InputError
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.experiment.training import splits
from ocr_tf.study.study_folder import StudyFolder

# Where conditions differ in these, they train on different lines on purpose.
EVERY = {"data.share": 1.0, "data.max_length": 0}


def pin(
    folder: StudyFolder,
    conditions: Mapping[str, Experiment],
    begun: Collection[str],
    test: Sequence[str],
) -> dict[str, Experiment]:
    """Limits all conditions to the lines that each of them can use, and to one alphabet.

    The first start of a study chooses them and writes them to its folder.

    Args:
        folder: of the study.
        conditions: by name.
        begun: the conditions that were begun before; another one has to be able to use all lines.
        test: where the test lines are.

    Returns:
        The conditions with --data.lines and --data.alphabet set.

    Raises:
        InputError: bad data, no common line, a chosen file that is lost, an added condition that cannot
            use a chosen line, or test lines that are among the training lines.
    """
    if not begun:
        _choose(folder, conditions, _test_images(test))
        begun = conditions
    for needed in (folder.lines_path, folder.alphabet_path):
        if not needed.exists():
            raise InputError(f"{needed}: missing; restore it or choose another --workdir")
    values = {"data.lines": str(folder.lines_path), "data.alphabet": str(folder.alphabet_path)}
    pinned = {name: options.replace(e, values) for name, e in conditions.items()}
    for name in conditions:
        if name not in begun:
            _check(folder, name, options.replace(pinned[name], EVERY))
    return pinned


def _test_images(test: Sequence[str]) -> dict[int, str]:
    """Gives the place of each test image by the key of its pixels."""
    source = open_sources(test)
    lines = load_lines(source, WIDEST, what="test images")
    _refuse_shared(source, lines)
    return {key: lines.sample(i).place for i, key in enumerate(lines.pixels.tolist())}


def _refuse_shared(source: Source, lines: Lines) -> None:
    """Refuses test sets that share an image, which would count in both of them."""
    set_of = {name: part.name for part in parts_of(source) for name in part.ids}
    seen: dict[int, Sample] = {}
    for i, key in enumerate(lines.pixels.tolist()):
        sample = lines.sample(i)
        other = seen.setdefault(key, sample)
        if set_of[other.id] != set_of[sample.id]:
            raise InputError(
                f"--data.test: {sample.place} has the image of {other.place}, which is of another test set; "
                "take it out of one of the two"
            )


def _choose(
    folder: StudyFolder, conditions: Mapping[str, Experiment], test: Mapping[int, str]
) -> None:
    symbols: set[str] = set()
    usable: list[set[bytes]] = []
    skipped: list[str] = []
    for name, experiment in conditions.items():
        roles = splits.prepare(options.replace(experiment, EVERY))
        _refuse_test_lines(roles, test)
        symbols |= set(roles.alphabet.symbols)
        usable.append({d.tobytes() for d in roles.train.digests})
        skipped += [f"{name}\t{s.place}\t{s.kind}\t{s.reason}\n" for s in roles.skipped]
        print(f"{name} can train on {len(roles.train)} lines", file=sys.stderr)
        for line in splits.summary(roles.skipped):
            print(line, file=sys.stderr)
    common = set.intersection(*usable)
    if not common:
        raise InputError("no training line is usable by every condition; compare fewer conditions")
    print(f"all conditions train on the {len(common)} images that each can use", file=sys.stderr)
    atomic_write(folder.skipped_path, "".join(skipped).encode())
    atomic_write(folder.alphabet_path, Alphabet(sorted(symbols)).dumps().encode())
    text = "".join(sorted(d.hex() + "\n" for d in common))
    atomic_write(folder.lines_path, text.encode())


def _refuse_test_lines(roles: splits.Roles, test: Mapping[int, str]) -> None:
    """Before the first training, not after it."""
    again = [test[line.pixels] for line in roles.rows() if line.pixels in test]
    if again:
        named = ", ".join(again[:NAMED]) + (", ..." if len(again) > NAMED else "")
        raise InputError(
            f"--data.test holds {len(again)} images that are among the training or validation lines: "
            f"{named}; take them out of one of the two"
        )


def _check(folder: StudyFolder, name: str, experiment: Experiment) -> None:
    usable = {d.tobytes() for d in splits.prepare(experiment).train.digests}
    expected = len(folder.lines_path.read_text("utf-8").split())
    if len(usable) < expected:
        raise InputError(
            f"{folder.path}: condition {name} can use {len(usable)} of the {expected} images that the "
            "others train on; compare it in a study of its own --workdir"
        )
