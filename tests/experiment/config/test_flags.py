"""Configurations to flags and back."""

from __future__ import annotations

import dataclasses

import pytest

from ocr_tf import options
from ocr_tf.encoders import ENCODERS
from ocr_tf.errors import InputError
from ocr_tf.experiment.config import flags
from ocr_tf.experiment.config.experiment import Experiment
from ocr_tf.heads import HEADS
from ocr_tf.options import option


@dataclasses.dataclass(frozen=True)
class Branch:
    """A branch of the tree. With two sentences.

    And more.
    """

    rate: float = option(1e-5, "How fast.", minimum=0)
    words: tuple[str, ...] = option((), "Which words.")
    some: tuple[str, ...] = option((), "Which parts.", choices=("encoder", "head"))


@dataclasses.dataclass(frozen=True)
class Tree:
    count: int = option(3, "How many.", minimum=1, maximum=9)
    switch: bool = option(True, "Whether.")
    shape: str = option("round", "Which shape.", choices=("round", "square"))
    text: str = option("", "Which text.")
    branch: Branch = dataclasses.field(default_factory=Branch)


def parse(*argv: str, **keywords) -> flags.Parsed:
    return flags.parse(Tree(), argv, program="tool", description="What it does.", **keywords)


def refusal(*argv: str, **keywords) -> str:
    with pytest.raises(InputError) as raised:
        parse(*argv, **keywords)
    message = str(raised.value)
    assert "\n" not in message
    return message


def test_no_flag_gives_the_defaults():
    assert parse().config == Tree()


def test_every_kind_of_flag_sets_its_leaf():
    config = parse(
        "--count=4",
        "--switch=false",
        "--shape",
        "square",
        "--text=a b",
        "--branch.rate=0.25",
        "--branch.words=x, y z",
        "--branch.some=head",
    ).config
    branch = Branch(rate=0.25, words=("x", "y z"), some=("head",))
    assert config == Tree(count=4, switch=False, shape="square", text="a b", branch=branch)


def test_a_switch_is_also_turned_off_by_no():
    assert parse("--noswitch").config.switch is False


def test_a_second_call_starts_from_the_defaults():
    parse("--count=4")
    assert parse().config.count == 3


@pytest.mark.parametrize(
    "argument, message",
    [
        ("--coutn=4", "Unknown flag --coutn (did you mean --count?)"),
        ("--rate=4", "Unknown flag --rate (did you mean --branch.rate?)"),
        ("--zzzzzz=4", "Unknown flag --zzzzzz; --help lists the flags"),
        ("--count=x", "--count: a whole number from 1 to 9; not 'x'"),
        ("--count=1.5", "--count: a whole number from 1 to 9; not '1.5'"),
        ("--count=", "--count: a whole number from 1 to 9; not ''"),
        ("--count", "--count: a whole number from 1 to 9; no value given"),
        ("--count=0", "--count: at least 1, not 0"),
        ("--count=10", "--count: at most 9, not 10"),
        ("--switch=perhaps", "--switch: true or false; not 'perhaps'"),
        ("--shape=rond", "--shape: one of round, square; not 'rond' (did you mean round?)"),
        ("--branch.some=head,encode", "--branch.some: any of encoder, head; not 'encode' (did you"),
        ("--branch.rate=nan", "--branch.rate: must be finite, not nan"),
        ("--branch.rate=fast", "--branch.rate: a number, at least 0; not 'fast'"),
        ("--branch.words=a,,b", "--branch.words: an empty item in 'a,,b'"),
        ('--branch.words="a', "--branch.words: a comma-separated list; not '\"a'"),
        ("--text= a", "--text: no line end or outer space, not ' a'"),
        ("--text=a\nb", "--text: no line end or outer space, not 'a\\nb'"),
        ("stray", "Unexpected argument 'stray'"),
        ("false", "Unexpected argument 'false'; a switch is written --name=true or --name=false"),
        ("--flagfile=/none/such", "--flagfile: cannot open /none/such: No such file or directory"),
        ("--flagfile", "--flagfile with no argument"),
    ],
)
def test_a_wrong_argument_is_named_with_what_is_allowed(argument, message):
    assert refusal(argument).startswith(message)


def test_what_a_configuration_refuses_by_itself_is_bad_input():
    experiment = Experiment("x")
    with pytest.raises(InputError, match="--train.optimizer: one of adam, adamw, adadelta"):
        flags.parse(experiment, ["--train.optimizer=sgd"], program="p", description="d")


@pytest.mark.parametrize(
    "flag, message",
    [
        (
            "--sequence.cell=lstn",
            r"--sequence.cell: one of lstm, gru, rnn; not 'lstn' \(did you mean lstm",
        ),
        ("--sequence.stack=foo", "--sequence.stack: one of deep, separate; not 'foo'"),
        ("--encoder.features=foo", "--encoder.features: one of pixels, hog; not 'foo'"),
        ("--train.momentum=1", "--train.momentum: at most 0.999, not 1"),
    ],
)
def test_a_word_that_no_part_knows_is_named_with_those_it_knows(flag, message):
    experiment = Experiment("x", encoder=ENCODERS["columns"]())
    with pytest.raises(InputError, match=f"^{message}[^\n]*$"):
        flags.parse(experiment, [flag], program="p", description="d")


RUN = flags.Positional("RUN", "The run folder.")
PATHS = flags.Positional("PATHS", "Images.", many=True)


def test_positionals_stand_anywhere_and_the_last_may_take_all():
    parsed = parse("a", "--count=4", "b", "c", positionals=(RUN, PATHS))
    assert parsed.positionals == ["a", ["b", "c"]]
    assert parsed.config.count == 4
    assert parse("--", "--count=4", positionals=(RUN,)).positionals == ["--count=4"]


def test_positionals_are_counted():
    assert refusal(positionals=(RUN,)) == "RUN is missing: the run folder"
    assert refusal("a", positionals=(RUN, PATHS)) == "PATHS is missing: images"
    assert refusal("a", "b", positionals=(RUN,)) == "Unexpected argument 'b'"


def test_an_optional_positional_may_be_left_out(capsys):
    optional = RUN._replace(optional=True)
    assert parse(positionals=(optional,)).positionals == []
    assert parse("a", positionals=(optional,)).positionals == ["a"]
    assert refusal("a", "b", positionals=(optional,)) == "Unexpected argument 'b'"
    with pytest.raises(SystemExit):
        parse("--help", positionals=(optional,))
    assert "usage: tool [RUN] [--flag=value ...]" in capsys.readouterr().out


def test_the_flags_of_the_command_stay_out_of_the_configuration():
    @dataclasses.dataclass(frozen=True)
    class Command:
        workdir: str = option("", "Where.")

    parsed = parse("--workdir=w", "--count=4", command=Command())
    assert parsed.command.workdir == "w"
    assert "workdir" not in flags.dump(parsed.config)


AWKWARD = Tree(
    count=9,
    switch=False,
    shape="square",
    text='ä "quoted", # and = signs, \\ and 字',
    branch=Branch(
        rate=1 / 3, words=("comma, inside", 'quo"te', "ſ é", "# no comment", "it's"), some=("head",)
    ),
)


@pytest.mark.parametrize("tree", [Tree(), AWKWARD])
def test_a_dump_is_replayed_by_flagfile(tree, tmp_path):
    file = tmp_path / "run.flags"
    file.write_text(flags.dump(tree), encoding="utf-8")
    lines = file.read_text("utf-8").splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        "--" + leaf.name for leaf in options.leaves(tree)
    ]
    # From defaults that differ in every leaf, or a leaf left out would go unnoticed.
    other = AWKWARD if tree == Tree() else Tree()
    replayed = flags.parse(other, [f"--flagfile={file}"], program="p", description="d")
    assert replayed.config == tree


def test_a_flag_after_flagfile_wins(tmp_path):
    file = tmp_path / "run.flags"
    file.write_text(flags.dump(AWKWARD), encoding="utf-8")
    assert parse(f"--flagfile={file}", "--count=2").config.count == 2


@pytest.mark.parametrize("encoder", ENCODERS)
@pytest.mark.parametrize("head", HEADS)
def test_every_experiment_survives_its_own_dump(encoder, head, tmp_path):
    experiment = Experiment("x", encoder=ENCODERS[encoder](), head=HEADS[head]())
    file = tmp_path / "run.flags"
    file.write_text(flags.dump(experiment), encoding="utf-8")
    parsed = flags.parse(experiment, [f"--flagfile={file}"], program="p", description="d")
    assert parsed.config == experiment


@pytest.mark.parametrize("argument", ["--help", "-h", "--helpfull"])
def test_help_shows_every_flag_with_default_bounds_and_branch(argument, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse("--count=oops", argument, positionals=(RUN,))
    assert stopped.value.code == 0
    output = capsys.readouterr().out
    assert output.startswith("What it does.\n")
    assert "usage: tool RUN [--flag=value ...]" in output
    assert "branch: A branch of the tree. With two sentences.\n  --branch.rate=1e-05\n" in output
    assert "How many. (A whole number from 1 to 9.)" in output
    for leaf in options.leaves(Tree()):
        assert f"--{leaf.name}={flags.text(leaf.value)}\n" in output
    assert max(map(len, output.splitlines())) <= flags.WIDTH


def test_the_flags_of_another_experiment_are_refused(tmp_path):
    file = tmp_path / "run.flags"
    one, other = Experiment("one"), Experiment("other")
    file.write_text(flags.flagfile(options.replace(one, {"train.steps": 7})), encoding="utf-8")

    def read(config, *argv):
        return flags.parse(config, argv, program="p", description="d").config

    assert read(one, f"--flagfile={file}").train.steps == 7
    for argv in ([f"--flagfile={file}"], ["--train.steps=3", "-flagfile", str(file)]):
        with pytest.raises(
            InputError, match="the flags of experiment one, not of other; start one"
        ):
            read(other, *argv)
    file.write_text("# of my own\n--train.steps=8\n", encoding="utf-8")
    assert read(other, f"--flagfile={file}").train.steps == 8
    assert flags.flagfile(AWKWARD) == flags.dump(AWKWARD)  # what has no name names nothing
