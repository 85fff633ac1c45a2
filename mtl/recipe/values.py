"""What all parts of a recipe share: frozen values without unknown keys, and the numbers that they take."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

Count = Annotated[int, Field(ge=1, le=10**9)]
Tokens = Annotated[int, Field(ge=16, le=10**9)]


class Config(BaseModel):
    """A part of a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_for_a_number(cls, value: object, info: ValidationInfo) -> object:
        """Python counts booleans as numbers, and pydantic takes `true` for 1."""
        types = set(_types_in(cls.model_fields[str(info.field_name)].annotation))
        if types & {int, float} and bool not in types and _has_boolean(value):
            raise ValueError("a number was expected, and no boolean")
        return value


def _types_in(annotation: object) -> Iterator[object]:
    """The types that a value may have or hold, however deep in unions, lists and annotations."""
    inner, origin = get_args(annotation), get_origin(annotation)
    if not inner:
        yield annotation
    elif origin is not Literal:
        for one in inner[:1] if origin is Annotated else inner:
            yield from _types_in(one)


def _has_boolean(value: object) -> bool:
    """Whether a value is a boolean, or a list or a mapping that has one as a value."""
    values = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
    return any(isinstance(one, bool) for one in values)


def as_tuple(value: object) -> object:
    """One value as the only one of several."""
    return (value,) if isinstance(value, (str, int, Path)) else value
