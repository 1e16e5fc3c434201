"""Command-line flags made from a configuration, and a configuration made from them.

The one importer of absl.flags. Every leaf of a configuration is one dotted flag whose default is
the leaf's value; nothing below the command line sees a flag, only the new frozen configuration.
Flags live in a registry of their own for each call, so a process may parse as often as it likes.
"""

from __future__ import annotations

import csv
import dataclasses
import inspect
import io
import itertools
import re
import textwrap
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Optional

from absl import flags

from ocr_tf import options, registry
from ocr_tf.errors import InputError, did_you_mean
from ocr_tf.experiment.config.common import OwnParts

HELP = ("-h", "-help", "--help", "-helpfull", "--helpfull", "-helpshort", "--helpshort")
WIDTH = 100
HEADER = "# experiment: "  # opens a file of flags; its reader takes # for a comment


class Positional(typing.NamedTuple):
    """An argument without a name; the last one may take all that is left, or be left out."""

    name: str  # RUN
    help: str
    many: bool = False
    optional: bool = False


class Parsed(typing.NamedTuple):
    """What a command line says."""

    config: Any
    command: Any  # the second configuration, None without one
    positionals: list[Any]  # one str each; a list of str where `many`; none where left out


def parse(
    config: Any,
    argv: Sequence[str],
    *,
    program: str,
    description: str,
    positionals: Sequence[Positional] = (),
    command: Any = None,
) -> Parsed:
    """Reads a command line into a new configuration, and imports the files that its --parts names.

    Args:
        config: configuration tree whose values are the defaults.
        argv: the arguments, without the program's name.
        program: how the command is called, for the help.
        description: what the command does, for the help.
        positionals: the arguments without a name, each of them needed unless it is `optional`.
        command: a second configuration, of flags that belong to the command and not to what it runs
          (`dump` of the first leaves them out).

    Raises:
        InputError: a flag, a value or an argument that is wrong.
        SystemExit: 0, after printing the help that --help asks for.
    """
    trees = [tree for tree in (command, config, OwnParts()) if tree is not None]
    leaves = {leaf.name: leaf for tree in trees for leaf in options.leaves(tree)}
    arguments = list(argv)
    if any(argument in HELP for argument in _before_terminator(arguments)):
        print(_help(trees, program, description, positionals))
        raise SystemExit(0)
    values_of = flags.FlagValues()
    for leaf in leaves.values():
        flags.DEFINE_flag(_flag(leaf), flag_values=values_of)
        if leaf.alias:
            flags.DEFINE_alias(leaf.alias, leaf.name, flag_values=values_of)
    for tree in trees:
        _refuse_other_flagfiles(_before_terminator(arguments), _name(tree))
    rest = _read(values_of, leaves, program, arguments)
    values = {name: values_of[name].value for name in leaves}
    for file in values["parts"] or ():
        registry.load_file(file)
    try:
        changed = [_with_values(tree, values) for tree in trees]
    except ValueError as error:  # Bounds, and what a configuration checks by itself.
        raise InputError(str(error)) from None
    positional = _match(rest, positionals, leaves)
    return Parsed(changed[-2], changed[0] if command is not None else None, positional)


def flagfile(config: Any) -> str:
    """Writes the text of a --flagfile that gives this configuration, and names what it belongs to."""
    name = _name(config)
    return (f"{HEADER}{name}\n" if name else "") + dump(config)


def dump(config: Any) -> str:
    """Writes a configuration as flags: one --name=value a line."""
    return "".join(f"--{leaf.name}={text(leaf.value)}\n" for leaf in options.leaves(config))


def text(value: Any) -> str:
    """Writes a leaf's value as its flag takes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        line = io.StringIO()
        csv.writer(line, lineterminator="").writerow(value)
        return line.getvalue()
    return str(value)


def _with_values(tree: Any, values: dict[str, Any]) -> Any:
    """Takes the tree's own leaves from `values`, and checks them."""
    own = {}
    for leaf in options.leaves(tree):
        value = values[leaf.name]
        own[leaf.name] = tuple(value) if leaf.type is tuple else value
        for item in own[leaf.name] if leaf.type is tuple else (value,):
            # A file of flags holds one a line, and its reader strips the ends.
            if isinstance(item, str) and (item != item.strip() or "\n" in item or "\r" in item):
                raise ValueError(f"--{leaf.name}: no line end or outer space, not {item!r}")
            if leaf.type is tuple and not item:
                raise ValueError(f"--{leaf.name}: an empty item in {text(value)!r}")
    changed = options.replace(tree, own)
    options.check(changed)
    return changed


def _before_terminator(arguments: list[str]) -> list[str]:
    return arguments[: arguments.index("--")] if "--" in arguments else arguments


# Files of flags


def _name(config: Any) -> str:
    """The name of an experiment or a study, which no flag sets; empty for another configuration."""
    fields = {field.name: field for field in dataclasses.fields(config)}
    named = "name" in fields and "help" not in fields["name"].metadata
    return str(config.name) if named else ""


def _refuse_other_flagfiles(arguments: Sequence[str], name: str) -> None:
    """Refuses files of flags that say that they belong to another experiment.

    Its structure is written in Python: its flags alone do not make the one experiment of the other.

    Raises:
        InputError: see above.
    """
    for path in _flagfiles(arguments):
        try:
            lines = Path(path).expanduser().read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            continue  # absl says so when it reads the flags
        for line in lines:
            other = line[len(HEADER) :].strip() if line.startswith(HEADER) else ""
            if name and other and other != name:
                raise InputError(
                    f"--flagfile={path}: the flags of experiment {other}, not of {name}; start {other}, "
                    "or give the flags that you want one by one"
                )


def _flagfiles(arguments: Sequence[str]) -> Iterator[str]:
    """The paths that --flagfile=PATH and --flagfile PATH name."""
    for argument, following in itertools.zip_longest(arguments, arguments[1:]):
        flag, equals, path = argument.lstrip("-").partition("=")
        if argument.startswith("-") and flag == "flagfile" and (path or following):
            yield path if equals else following


# Flags


class _Parser(flags.ArgumentParser[Any]):
    """One of absl's parsers, with a message that says what is allowed."""

    def __init__(self, leaf: options.Leaf):
        super().__init__()
        self._leaf = leaf
        parsers = {
            bool: flags.BooleanParser,
            int: flags.IntegerParser,
            float: flags.FloatParser,
            tuple: flags.ListParser,
            str: flags.ArgumentParser,
        }
        self._parser = parsers[leaf.type]()

    def parse(self, argument: Any) -> Any:
        try:
            value = self._parser.parse(argument)
        except (ValueError, TypeError, OverflowError):
            raise self._refused(argument) from None
        choices = self._leaf.field.metadata["choices"]
        if isinstance(
            choices, registry.Registry
        ):  # --parts may still add to it: checked after that
            return value
        for item in value if self._leaf.type is tuple else (value,):
            if choices is not None and item not in choices:
                raise self._refused(item, did_you_mean(item, choices))
        return value

    def _refused(self, value: Any, hint: str = "") -> ValueError:
        return ValueError(f"--{self._leaf.name}: {_allowed(self._leaf)}; not {value!r}{hint}")

    def flag_type(self) -> str:
        return self._parser.flag_type()


def _flag(leaf: options.Leaf) -> flags.Flag[Any]:
    default: Any = list(leaf.value) if leaf.type is tuple else leaf.value
    help_text = leaf.field.metadata["help"]
    if leaf.type is bool:  # Also --noname.
        flag = flags.BooleanFlag(leaf.name, default, help_text)
        flag.parser = _Parser(leaf)
        return flag
    return flags.Flag(_Parser(leaf), flags.ArgumentSerializer(), leaf.name, default, help_text)


def _read(
    registry: flags.FlagValues,
    leaves: dict[str, options.Leaf],
    program: str,
    arguments: list[str],
) -> list[str]:
    """Fills the registry; what is no flag comes back. absl's exceptions become InputError."""
    try:
        return registry([program, *arguments])[1:]
    except flags.UnrecognizedFlagError as error:
        raise InputError(_unknown(error.flagname, leaves)) from None
    except flags.CantOpenFlagFileError as error:
        cause = error.__context__
        place = getattr(cause, "filename", None) or "the file"
        reason = getattr(cause, "strerror", None) or str(error)
        raise InputError(f"--flagfile: cannot open {place}: {reason}") from None
    except flags.IllegalFlagValueError as error:
        # What the parser said stands behind absl's repetition of the argument.
        said = error.__context__
        raise InputError(str(said) if isinstance(said, ValueError) else str(error)) from None
    except flags.Error as error:
        missing = re.search(r"[Mm]issing value for flag -*(\S+)", str(error))
        if missing and missing.group(1) in leaves:
            leaf = leaves[missing.group(1)]
            raise InputError(f"--{leaf.name}: {_allowed(leaf)}; no value given") from None
        raise InputError(" ".join(str(error).split())) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--flagfile: cannot read it: {error}") from None


def _unknown(name: str, leaves: dict[str, options.Leaf]) -> str:
    """The message for a flag that is none, with the nearest one that is."""
    names = [*leaves, *("no" + leaf.name for leaf in leaves.values() if leaf.type is bool)]
    branchless = [known for known in names if known.rpartition(".")[2] == name]
    hint = did_you_mean(name, names, "--") or did_you_mean(name, branchless[:1], "--")
    if not hint and branchless:  # A leaf given without its branch.
        hint = did_you_mean(branchless[0], branchless, "--")
    hint = hint or "; --help lists the flags"
    return f"Unknown flag --{name}{hint}"


def _match(
    rest: list[str], positionals: Sequence[Positional], leaves: dict[str, options.Leaf]
) -> list[Any]:
    """Gives each positional its argument."""
    for number, positional in enumerate(positionals):
        if number >= len(rest):
            if positional.optional:
                break
            raise InputError(f"{positional.name} is missing: {as_clause(positional.help)}")
        if positional.many:
            return [*rest[:number], rest[number:]]
    if len(rest) > len(positionals):
        extra = rest[len(positionals)]
        hint = ""
        if extra.lower() in ("true", "false", "yes", "no", "0", "1"):
            hint = "; a switch is written --name=true or --name=false"
        elif extra in leaves:
            hint = f"; did you mean --{extra}=...?"
        raise InputError(f"Unexpected argument {extra!r}{hint}")
    return list(rest)


# Help


def _allowed(leaf: options.Leaf) -> str:
    """What a flag takes: its kind and its bounds."""
    metadata = leaf.field.metadata
    if metadata["choices"] is not None:
        kind = "any of " if leaf.type is tuple else "one of "
        return kind + ", ".join(metadata["choices"])
    kinds = {
        bool: "true or false",
        int: "a whole number",
        float: "a number",
        tuple: "a comma-separated list",
        str: "text",
    }
    minimum, maximum = metadata["minimum"], metadata["maximum"]
    if minimum is not None and maximum is not None:
        return f"{kinds[leaf.type]} from {minimum} to {maximum}"
    if minimum is not None:
        return f"{kinds[leaf.type]}, at least {minimum}"
    if maximum is not None:
        return f"{kinds[leaf.type]}, at most {maximum}"
    return kinds[leaf.type]


def _help(
    trees: Sequence[Any], program: str, description: str, positionals: Sequence[Positional]
) -> str:
    names = "".join(" " + _shown(p) for p in positionals)
    lines = [inspect.cleandoc(description), "", f"usage: {program}{names} [--flag=value ...]"]
    if positionals:
        lines.append("")
        lines += [f"  {p.name:12}{p.help}" for p in positionals]
    for tree in trees:
        for branch, leaves in _branches(tree):
            lines += ["", branch]
            for leaf in leaves:
                lines += _help_entry(leaf)
    lines += ["", "  --flagfile=FILE"]
    lines += _indented("Read flags from a file, one --name=value a line; a run's is run.flags.")
    return "\n".join(lines)


def _shown(positional: Positional) -> str:
    name = positional.name + ("..." if positional.many else "")
    return f"[{name}]" if positional.optional else name


def _branches(tree: Any) -> Iterator[tuple[str, list[options.Leaf]]]:
    """A heading for each branch that has leaves of its own, and those leaves."""
    grouped: dict[str, list[options.Leaf]] = {}
    for leaf in options.leaves(tree):
        grouped.setdefault(leaf.name.rpartition(".")[0], []).append(leaf)
    for name, leaves in grouped.items():
        node = tree
        for part in name.split(".") if name else ():
            node = getattr(node, part)
        # What the whole tree is, the description has said.
        top = _summary(tree) if isinstance(tree, OwnParts) else "flags:"
        yield ": ".join(filter(None, (name, _summary(node)))) if name else top, leaves


def _summary(node: Any) -> str:
    """The first paragraph of a configuration's docstring, without the one dataclasses invent."""
    doc: Optional[str] = type(node).__doc__
    if not doc or doc.startswith(type(node).__name__ + "("):
        return ""
    return " ".join(inspect.cleandoc(doc).split("\n\n")[0].split())


def _help_entry(leaf: options.Leaf) -> list[str]:
    default = text(leaf.value)
    shown = f"  --{leaf.name}={default}"
    about = leaf.field.metadata["help"]
    bounds = _allowed(leaf)
    if leaf.type is not str or leaf.field.metadata["choices"] is not None:
        about += f" ({bounds[0].upper() + bounds[1:]}.)"
    return [shown, *_indented(about)]


def _indented(about: str) -> list[str]:
    return textwrap.wrap(about, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)


def as_clause(sentence: str) -> str:
    """A help text, to go on after a colon."""
    return sentence[:1].lower() + sentence[1:].rstrip(".")
