"""What pydantic finds wrong in a recipe, by the keys of the recipe and in our words."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError

_BRANCH = re.compile(r"(function-|constrained-|literal\[|dict\[|tuple\[|(str|int|float|bool|none)$)")
"""How pydantic names, in the place of a value, the types that it may have."""
_OF_KEY = "[key]"  # where the key itself is wrong
_LONGEST = 80  # characters of a value that a message quotes
_MESSAGES = {
    "extra_forbidden": "this key is unknown",
    "missing": "this key is missing",
    "model_type": "a mapping of keys was expected",
}
_BARE = ("extra_forbidden", "missing")  # what came says nothing there


def problems(error: ValidationError, content: object) -> Iterator[tuple[str, str]]:
    """Each wrong key of a recipe and what is wrong with it; a value that fits none of several types is one problem."""
    found: dict[str, list[str]] = {}
    came: dict[str, str] = {}
    by_type: set[str] = set()
    for problem in error.errors(include_url=False):
        parts, is_cut = _keys(problem["loc"], content)
        key = ".".join(parts) or "recipe"
        by_type |= {key} if is_cut else set()
        message = _MESSAGES.get(problem["type"], problem["msg"].removeprefix("Value error, "))
        found.setdefault(key, []).append(f"{message[:1].lower()}{message[1:]}")
        if problem["type"] not in _BARE:
            came[key] = _shown(problem["input"])
    for key, messages in found.items():
        if key in by_type and any(other.startswith(f"{key}.") for other in found):
            continue  # another type was meant, of which something inside is wrong
        yield key, " or ".join(dict.fromkeys(messages)) + came.get(key, "")


def _keys(place: Sequence[int | str], content: object) -> tuple[list[str], bool]:
    """The keys of a place that stand in the recipe, without names of types; and whether it ends with one of those."""
    keys: list[str] = []
    is_cut = False
    for part in place:
        if part == _OF_KEY:
            continue
        known = _inside(content, part)
        is_cut = known is None and (not isinstance(content, dict) or bool(_BRANCH.match(str(part))))
        if is_cut:
            continue
        keys.append(str(part))
        content = {} if known is None else known[0]  # a key that is missing, or has a new name
    return keys, is_cut


def _inside(content: object, part: int | str) -> tuple[Any] | None:
    """The value of a key or an index, where there is one."""
    if isinstance(content, dict):
        return next(((value,) for key, value in content.items() if str(key) == str(part)), None)
    if isinstance(content, list | tuple) and isinstance(part, int) and part <= len(content):
        return (content[part] if part < len(content) else None,)  # one that is missing follows the last
    return None


def _shown(value: object) -> str:
    """What came, where it says something, cut where it is long."""
    if isinstance(value, bool):
        return f", was {str(value).lower()}"
    if not isinstance(value, (str, int, float)):
        return ""
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f", was a number of more than {_LONGEST} digits"
    shown = repr(value)
    return f", was {shown if len(shown) <= _LONGEST else shown[:_LONGEST] + '…'}"
