"""Which cases run in `make test`, and which in `make test-slow` alone."""

from collections.abc import Iterable, Sequence

import pytest
from _pytest.mark import ParameterSet

SLOW = pytest.mark.slow


def slow_except(values: Iterable[object], *quick: object) -> list[ParameterSet]:
    """Values of one parameter, of which `make test` takes only those that are named."""
    params = [pytest.param(value, marks=() if value in quick else SLOW) for value in values]
    assert len(quick) == sum(not param.marks for param in params), "every value that is named is one of all"
    return params


def pairs(first: Sequence[object], second: Sequence[object], *, every: int) -> list[ParameterSet]:
    """All pairs of two parameters; `make test` takes one in `every`, and of both parameters each value."""
    assert every <= min(len(first), len(second)), "a value that meets fewer of the other may be left out"
    return [
        pytest.param(one, other, marks=() if (i + j) % every == 0 else SLOW)
        for i, one in enumerate(first)
        for j, other in enumerate(second)
    ]
