"""The options of augmentation: a magnitude and a probability for each entry; TensorFlow-free."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, Optional, Union

from ocr_tf.data.augment import AUGMENTATIONS
from ocr_tf.data.augment.entry import Augmentation
from ocr_tf.errors import InputError
from ocr_tf.options import option, replace

STRONGEST = 4


@dataclasses.dataclass(frozen=True)
class Augment:
    """Varies training images at random. Made by `Augment.of`, which adds the registry's entries."""

    share: float = option(
        0.85,
        "Share of the training lines that are perturbed, chosen anew in each epoch; the others are as a line "
        "is when it is evaluated. 0: none.",
        minimum=0,
        maximum=1,
    )
    strength: float = option(
        1.0,
        "Factor on all magnitudes; each stays within its bounds.",
        minimum=0,
        maximum=STRONGEST,
    )

    def __reduce__(self) -> tuple[Any, ...]:
        """Lets another process make the same options, whose class this one has made."""
        settings = {}
        for name in entries_of(self):
            own = getattr(self, name)
            magnitude = getattr(own, "magnitude", None)
            settings[name] = own.probability if magnitude is None else (magnitude, own.probability)
        return _made, (self.share, self.strength, settings)

    @staticmethod
    def of(
        share: Optional[float] = None,
        strength: Optional[float] = None,
        **entries: Union[float, tuple[float, float]],
    ) -> Augment:
        """Makes the options, with a field for each entry that is registered by now.

        Args:
            share: of the lines that are perturbed.
            strength: factor on all magnitudes.
            **entries: by name, the probability, or (magnitude, probability).

        Raises:
            InputError: there is no such entry.
            ValueError: a value is outside its bounds.
        """
        settings = (("share", share), ("strength", strength))
        values = {name: float(value) for name, value in settings if value is not None}
        for name, value in entries.items():
            entry = AUGMENTATIONS.find(name)
            magnitude, probability = value if isinstance(value, tuple) else (None, value)
            values[f"{name}.probability"] = float(probability)
            if magnitude is not None:
                if entry.magnitude is None:
                    raise InputError(
                        f"augmentation {name!r} has no magnitude; give its probability"
                    )
                values[f"{name}.magnitude"] = float(magnitude)
        made = replace(_class_of(tuple(AUGMENTATIONS.items()))(), values)
        assert isinstance(made, Augment)
        return made


@functools.cache
def _class_of(entries: tuple[tuple[str, Augmentation], ...]) -> type[Augment]:
    """Makes the class with a branch for each entry; the same entries give the same class."""
    fields = []
    for name, entry in entries:
        kind = _branch_of(name, entry)
        fields.append((name, kind, dataclasses.field(default_factory=kind)))
    namespace = {"__doc__": "Varies training images at random.", "__module__": __name__}
    return dataclasses.make_dataclass(
        "Augment", fields, bases=(Augment,), namespace=namespace, frozen=True
    )


def _made(
    share: float, strength: float, settings: dict[str, Union[float, tuple[float, float]]]
) -> Augment:
    return Augment.of(share, strength, **settings)


def _branch_of(name: str, entry: Augmentation) -> type[Any]:
    """Makes the configuration of one entry, documented by it."""
    fields: list[tuple[str, type, Any]] = []
    if entry.magnitude is not None:
        about = option(entry.magnitude, entry.unit, minimum=0, maximum=entry.maximum)
        fields.append(("magnitude", float, about))
    chance = option(entry.probability, "Of a perturbed line.", minimum=0, maximum=1)
    fields.append(("probability", float, chance))
    namespace = {"__doc__": entry.help, "__module__": __name__}
    return dataclasses.make_dataclass(name, fields, namespace=namespace, frozen=True)


def entries_of(options: Augment) -> list[str]:
    """Names the entries that options have, in the order of their registration."""
    return [field.name for field in dataclasses.fields(options) if "help" not in field.metadata]
