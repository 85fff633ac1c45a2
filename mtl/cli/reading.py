"""Options that say how a file is to be read."""

from collections.abc import Mapping, Sequence
from typing import get_args

from mtl.data.formats import ReadOptions, names
from mtl.errors import InputError
from mtl.recipe.tasks import ColumnRole


def read_options(format_: str | None, columns: Mapping[str, str | None], more: Sequence[str] = ()) -> ReadOptions:
    """The options of a command; `more` are `ROLE=COLUMN`.

    Raises:
        InputError: there is no such format or role.
    """
    if format_ is not None and format_ not in names():
        raise InputError(f"a format of {', '.join(names())} was expected, was {format_!r}", key="--format")
    chosen = {role: column for role, column in columns.items() if column}
    for item in more:
        role, equals, column = item.partition("=")
        if not equals or role not in get_args(ColumnRole):
            message = f"ROLE=COLUMN with a role of {', '.join(get_args(ColumnRole))} was expected, was {item!r}"
            raise InputError(message, key="--column")
        chosen[role] = column
    return ReadOptions(format_, chosen)


def kept_columns(names: str) -> tuple[str, ...]:
    """The names of columns in a list by commas."""
    return tuple(dict.fromkeys(name.strip() for name in names.split(",") if name.strip()))
