"""What a caller may ask of an engine."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mtl.device_name import device_name
from mtl.errors import InputError
from mtl.inference.backends import BackendName, InferencePrecision
from mtl.recipe.choices import LongTexts

AUTO = "auto"
_Name = TypeVar("_Name", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """The precision and backend that were asked for, and how long texts are read.

    None lets the machine decide, and reads long texts as the model was trained.
    """

    precision: InferencePrecision | None = None
    backend: BackendName | None = None
    long_texts: LongTexts | None = None

    @classmethod
    def parse(cls, *, precision: str, backend: str, long_texts: str | None) -> "EngineOptions":
        """Options by name.

        Raises:
            InputError: one is unknown, or does not run on the device that `MTL_DEVICE` names.
        """
        chosen = _one_of("backend", backend, BackendName) if backend != AUTO else None
        device = device_name()
        if device not in (None, "cpu"):  # only torch computes elsewhere than on the processor
            if chosen not in (None, BackendName.TORCH):
                raise InputError(f"the backend torch was expected for MTL_DEVICE={device}, was {backend!r}")
            chosen = BackendName.TORCH
        return cls(
            _one_of("precision", precision, InferencePrecision) if precision != AUTO else None,
            chosen,
            _one_of("long_texts", long_texts, LongTexts) if long_texts is not None else None,
        )

    @property
    def key(self) -> str:
        """What the choice of a backend depends on."""
        return f"{self.precision or AUTO}|{self.backend or AUTO}"


def _one_of(option: str, value: str, allowed: type[_Name]) -> _Name:
    try:
        return allowed(value)
    except ValueError as error:
        names = ", ".join([*([] if allowed is LongTexts else [AUTO]), *allowed])
        raise InputError(f"a {option} of {names} was expected, was {value!r}") from error
