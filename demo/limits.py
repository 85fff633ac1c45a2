"""The limits of a page as a table, and changes to them from a file.

`python -m demo.limits` prints the table of `docs/limits.md`.
"""

import argparse
import ast
import inspect
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from difflib import get_close_matches
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

from demo import settings as module
from demo.settings import Settings, derive
from mtl.errors import RecipeError
from mtl.recipe.yaml_text import read_yaml

_NOT_LIMITS = ("training", "public", "accounts", "checkpoint", "backbones", "any_backbone")
_HEADER = """# The limits of a page

`python app.py --limits FILE` changes them: a YAML file of `name: number` lines, for example `max_rows: 5000`. `none`
stands for no limit where the table has it. Times are in minutes and sizes in megabytes (10^6 bytes), unless the
description says otherwise. A page is *public* when it is shared (`--share`), hosted as a Space, behind a proxy
(`--public`), or listens on a host that is not this machine alone. `python -m demo.limits > docs/limits.md` writes this
table.

| limit | local | public | what it limits |
|---|---|---|---|
"""


def with_limits(settings: Settings, path: Path) -> Settings:
    """Settings with the limits of a file.

    Raises:
        RecipeError: the file cannot be read, or a name or a value of it is wrong.
    """
    try:
        content = read_yaml(path.read_text(encoding="utf-8"), where=path)
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError("a file of limits in UTF-8 was expected", path=path) from error
    if content is None:
        return settings
    if not isinstance(content, Mapping):
        raise RecipeError("lines of the form `name: number` were expected", path=path)
    return replace(settings, **{str(name): _checked(str(name), value, path) for name, value in content.items()})


def _checked(name: str, value: object, path: Path) -> Any:  # noqa: ANN401
    hints = get_type_hints(Settings)
    kinds = {
        field.name: get_args(hints[field.name]) or (hints[field.name],)
        for field in fields(Settings)
        if field.name not in _NOT_LIMITS
    }
    if name not in kinds:
        close = get_close_matches(name, kinds, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise RecipeError(f"there is no such limit{hint}", path=path, key=name)
    optional, whole = NoneType in kinds[name], int in kinds[name]
    if optional and (value is None or value == "none"):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e15:
        raise RecipeError(f"a number was expected, was {value!r}", path=path, key=name)
    if whole and value != int(value):
        raise RecipeError(f"a whole number was expected, was {value!r}", path=path, key=name)
    return int(value) if whole else float(value)


def table() -> str:
    """The limits of a local and of a public page, with what they limit, as Markdown."""
    local, public = _usual(public=False), _usual(public=True)
    said = _descriptions()
    rows = [
        f"| `{field.name}` | {_shown(getattr(local, field.name))} | {_shown(getattr(public, field.name))} "
        f"| {said.get(field.name, '')} |"
        for field in fields(Settings)
        if field.name not in _NOT_LIMITS
    ]
    return _HEADER + "\n".join(rows) + "\n"


def _usual(*, public: bool) -> Settings:
    given = argparse.Namespace(
        training=None, share=False, public=public, host="127.0.0.1", allow_host=[], checkpoint=None
    )
    return derive(given, {})


def _shown(value: float | None) -> str:
    return "none" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,g}"


def _descriptions() -> dict[str, str]:
    """The text below each field of `Settings`."""
    source = ast.parse(inspect.getsource(module))
    body = next(node for node in source.body if isinstance(node, ast.ClassDef) and node.name == "Settings").body
    found = {}
    for field, text in zip(body, body[1:], strict=False):
        if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
            continue
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            found[field.target.id] = " ".join(str(text.value.value).split())
    return found


if __name__ == "__main__":
    sys.stdout.write(table())
