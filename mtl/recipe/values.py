"""What all parts of a recipe share: frozen values without unknown keys, and the numbers that they take."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Count = Annotated[int, Field(ge=1, le=10**9)]
Tokens = Annotated[int, Field(ge=16, le=10**9)]


class Config(BaseModel):
    """A part of a recipe."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


def as_tuple(value: object) -> object:
    """One value as the only one of several."""
    return (value,) if isinstance(value, (str, int, Path)) else value
