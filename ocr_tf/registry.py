"""Registries of named parts, and where parts that are not this package's own come from.

A registry is a dict that can be read in one place (HEADS, ENCODERS, SOURCES, SEARCHES,
METRICS). A researcher's own part is
put into it by a decorator, in a Python file of her own:

    @ocr_tf.register("head", "deep_ctc")
    @dataclasses.dataclass(frozen=True)
    class DeepCTC: ...

A run records the file of each such part that it uses. Whoever opens the run in another process (a tool,
a worker of a study) imports that file once and so finds the part registered.

TensorFlow-free.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Callable, NamedTuple, Optional, TypeVar

from ocr_tf.errors import InputError, did_you_mean

PACKAGE = __name__.partition(".")[0]

T = TypeVar("T")
P = TypeVar("P")

REGISTRIES: dict[str, Registry[Any]] = {}  # by kind: "head", "encoder"


class Part(NamedTuple):
    """A part that was registered outside this package."""

    kind: str  # "head"
    name: str  # "deep_ctc"
    module: str  # the module that registered it; "" for a file that was run as a script
    file: str  # its absolute path; "" for what was typed into an interpreter
    sha256: str  # of the file's content; "" without a file

    @property
    def title(self) -> str:
        """The part as messages name it: head 'deep_ctc'."""
        return f"{self.kind} {self.name!r}"


class Registry(dict[str, T]):
    """Parts of one kind by name."""

    def __init__(
        self,
        kind: str,
        parts: Mapping[str, T],
        module_of: Callable[[Any], str] = lambda part: part.__module__,
    ):
        """Holds this package's own parts; others come in by `register`.

        Args:
            kind: how messages name a part: "head".
            parts: by name.
            module_of: names the module that a part was written in.
        """
        super().__init__(parts)
        self.kind = kind
        self._module_of = module_of
        self.outside: dict[str, Part] = {}  # by name: where each part that is not ours came from
        # Also classes whose file was imported a second time, as a script and as a module.
        self._names: dict[Any, str] = {part: name for name, part in parts.items()}
        self.lost: dict[str, str] = {}  # by name: why a part that a run needs is not here
        REGISTRIES[kind] = self

    def register(self, name: str) -> Callable[[P], P]:
        """Makes a decorator that enters a class, function or value under `name`.

        Raises:
            InputError: the name is taken by a part of this package or of another file.
        """

        def enter(part: P) -> P:
            origin = _origin(self.kind, name, self._module_of(part))
            known = self.outside.get(name)
            if name in self and (known is None or known.file != origin.file):
                owner = known.file or "this session" if known else PACKAGE
                raise InputError(
                    f"{origin.file or origin.module}: the {self.kind} {name!r} is already registered "
                    f"by {owner}; choose another name"
                )
            self[name] = part  # type: ignore[assignment]
            self.outside[name] = origin
            self._names[part] = name
            self.lost.pop(name, None)
            return part

        return enter

    def find(self, name: str) -> T:
        """Looks a part up.

        Raises:
            InputError: there is none of this name; the message lists those that there are.
        """
        if name in self:
            return self[name]
        if name in self.lost:
            raise InputError(self.lost[name])
        raise InputError(
            f"no {self.kind} {name!r}{did_you_mean(name, self)}; there are {', '.join(self)}"
        )

    def name_of(self, config: Any) -> str:
        """The name under which a configuration's class is registered.

        Raises:
            InputError: the class is not registered.
        """
        kind = type(config)
        if kind in self._names:
            return self._names[kind]
        place = _file(kind.__module__) or kind.__module__
        raise InputError(
            f"{place}: the class {kind.__name__} is used as {self.kind} and is not registered; write "
            f'@ocr_tf.register("{self.kind}", "a_name_for_it") in the line above its definition'
        )

    def lose(self, name: str, why: str) -> None:
        """Remembers why a part is missing, for the message of `find`."""
        self.lost[name] = why


def _origin(kind: str, name: str, module: str) -> Part:
    file = _file(module)
    if module == "__main__":  # `python -m mine.experiment` has a name, `python experiment.py` none
        spec = getattr(sys.modules[module], "__spec__", None)
        module = spec.name if spec is not None else ""
    return Part(kind, name, module, file, _sha256(file))


def _file(module: str) -> str:
    file = getattr(sys.modules.get(module), "__file__", None)
    return str(Path(file).resolve()) if file else ""


def _sha256(file: str) -> str:
    try:
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file else ""
    except OSError:
        return ""


# Recording and restoring


def parts(uses: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """Describes, as JSON values, those of the (kind, name) pairs that were registered outside."""
    registered = (REGISTRIES[kind].outside.get(name) for kind, name in dict.fromkeys(uses))
    return [part._asdict() for part in registered if part is not None]


def restore(described: Iterable[Mapping[str, str]], place: str) -> None:
    """Imports the files of parts that `parts` described and that are not registered here.

    A part that cannot be had is an error when it is looked up, not before: not everything that reads a
    run needs its parts.

    Args:
        described: what `parts` gave.
        place: the file that holds it, for messages.
    """
    for values in described:
        part = Part(**values)
        registry = REGISTRIES.get(part.kind)
        if registry is None or part.name in registry:
            continue
        trouble = _import(part)
        if part.name in registry:
            _warn_of_change(part, registry.outside[part.name])
        else:
            registry.lose(
                part.name,
                f"{place}: {part.title} {trouble}; put the file back, or name the one that registers "
                f"{part.name!r} now with --parts=FILE",
            )


def _import(part: Part) -> str:
    """Imports where a part came from; why it is still not there, as a clause, if it is not."""
    if not part.file:
        return "was registered in an interactive session and not in a file"
    trouble = f"was registered by {part.file}, which is gone"
    # A module of a package is imported as one, so that its relative imports work.
    if "." in part.module or not Path(part.file).exists():
        try:
            importlib.import_module(part.module)
            return f"is no longer registered by the module {part.module}"
        except (ImportError, ValueError):
            pass
    if Path(part.file).exists():
        try:
            load_file(part.file)
            trouble = f"is no longer registered by {part.file}"
        except InputError as error:
            trouble = f"cannot be had: {error}"
    return trouble


def _warn_of_change(then: Part, now: Part) -> None:
    if then.sha256 != now.sha256:
        print(
            f"warning: {now.title} comes from {now.file}, which has changed since the run began",
            file=sys.stderr,
        )


def load_file(path: str) -> ModuleType:
    """Imports a Python file, once a process; its own imports find what lies beside it.

    Raises:
        InputError: there is no such file, or importing it fails.
    """
    file = Path(path).resolve()
    for module in list(sys.modules.values()):
        if getattr(module, "__file__", None) and _same(module.__file__, file):
            return module
    if not file.is_file():
        raise InputError(f"{path}: no such file; name a Python file")
    if str(file.parent) not in sys.path:
        sys.path.append(str(file.parent))
    # Under its own name, if that is free, so that a later `import` of it gives the same module.
    taken = file.stem in sys.modules or not _finds(file)
    name = f"{file.stem}_{_sha256(str(file))[:8]}" if taken else file.stem
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise InputError(f"{path}: not a Python file; let its name end in .py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except InputError:
        del sys.modules[name]
        raise
    except Exception as error:
        del sys.modules[name]
        line = _line_of(error, file)
        raise InputError(
            f"{path}{line}: cannot be imported: {type(error).__name__}: {error}; mend it first"
        ) from error
    return module


def _finds(file: Path) -> bool:
    """Whether an `import` of the file's name gives this file."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec(file.stem)
    return spec is not None and _same(spec.origin, file)


def _same(name: Optional[str], file: Path) -> bool:
    return name is not None and Path(name).name == file.name and Path(name).resolve() == file


def _line_of(error: Exception, file: Path) -> str:
    """`:LINE` of the file where an error passed through it last, or nothing."""
    line, traceback = "", error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == str(file):
            line = f":{traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f":{error.lineno}" if isinstance(error, SyntaxError) and error.lineno else line
