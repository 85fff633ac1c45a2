"""L-BFGS on a convex objective, from any start to the one optimum."""

import math
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from numbers import Integral, Real

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import ThreadpoolController

from mtl.errors import InputError
from mtl.fitting.objectives import Objective, Vector

MEMORY = 10
"""Steps whose curvature is remembered."""
_SMALL = 3e8  # multiplications of a product


@dataclass(frozen=True)
class Stopping:
    """When a solver ends: after so many iterations, or where value and gradient hardly change any more.

    `gradient` is the largest entry of the gradient of the mean loss; `value` the relative change in an iteration.

    Raises:
        InputError: a value is not what was expected.
    """

    iterations: int = 200
    gradient: float = 1e-5
    value: float = 1e-8

    def __post_init__(self) -> None:
        if not is_number(self.iterations, Integral) or self.iterations < 1:
            raise InputError(f"a whole number from 1 was expected, was {self.iterations!r}", key="iterations")
        for key, given in (("gradient", self.gradient), ("value", self.value)):
            if not is_number(given) or not 0 <= given < math.inf:
                raise InputError(f"a finite number from 0 was expected, was {given!r}", key=key)


def is_number(value: object, kind: type = Real) -> bool:
    """Whether a value is a number of a kind of `numbers`, and no boolean."""
    return isinstance(value, kind) and not isinstance(value, bool)


@dataclass(frozen=True)
class Solution:
    """A weight `(H + 1, C)` for scaled features, the objective there, and the iterations that it took."""

    weight: Vector
    value: float
    iterations: int


def solve(objective: Objective, start: Vector | None = None, *, stopping: Stopping = Stopping()) -> Solution:
    """The weight of least cost.

    Args:
        objective: convex.
        start: a weight `(H + 1, C)` to begin from; zeros without one.
        stopping: when to end.
    """
    begin = np.zeros(objective.shape) if start is None else start
    with one_thread_if_small(objective):
        found = _minimize(objective, begin, stopping)
    return Solution(found.x.reshape(objective.shape), float(found.fun), int(found.nit))


def one_thread_if_small(objective: Objective) -> AbstractContextManager[object]:
    """Keeps small products of matrices on one core: threads that wait for each other cost more than they save."""
    size = len(objective.values) * objective.shape[0] * objective.classes
    return _threads().limit(limits=1, user_api="blas") if size < _SMALL else nullcontext()


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _minimize(objective: Objective, begin: Vector, stopping: Stopping) -> OptimizeResult:
    return minimize(
        objective,
        begin.ravel(),
        jac=True,
        method="L-BFGS-B",
        options={
            "maxcor": MEMORY,
            "maxiter": stopping.iterations,
            "maxfun": 2 * stopping.iterations + 20,
            "gtol": stopping.gradient,
            "ftol": stopping.value,
        },
    )
