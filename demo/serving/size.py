"""An estimate of the memory that a value takes."""

import sys
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

import numpy as np

_LOOKED_AT = 64
"""Items of a long collection that stand for all."""
_DEPTH = 12


def bytes_of(value: Any) -> int:  # noqa: ANN401
    """Bytes of a value and of what it holds; of long collections a sample is measured.

    Objects that are neither collections nor dataclasses nor arrays count with their own size alone.
    """
    return _bytes(value, set(), _DEPTH)


def _bytes(value: Any, seen: set[int], depth: int) -> int:  # noqa: ANN401
    if value is None or isinstance(value, type) or id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        return int(value.nbytes)
    own = sys.getsizeof(value, 0)
    if depth == 0 or isinstance(value, str | bytes | int | float):
        return own
    return own + _inner(value, seen, depth - 1)


def _inner(value: Any, seen: set[int], depth: int) -> int:  # noqa: ANN401
    if isinstance(value, Mapping):
        return _sampled(value.keys(), seen, depth) + _sampled(value.values(), seen, depth)
    if isinstance(value, Collection):
        return _sampled(value, seen, depth)
    if is_dataclass(value):
        return sum(_bytes(getattr(value, field.name, None), seen, depth) for field in fields(value))
    return 0


def _sampled(values: Collection[Any], seen: set[int], depth: int) -> int:
    step = max(1, len(values) // _LOOKED_AT)
    found = [_bytes(one, seen, depth) for one in islice(values, 0, None, step)]
    return int(sum(found) * len(values) / len(found)) if found else 0
