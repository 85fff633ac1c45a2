"""L-BFGS on a convex objective, from any start to the one optimum."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.optimize import OptimizeResult, minimize
from threadpoolctl import ThreadpoolController

from mtl.fitting.objectives import Objective, Vector

MEMORY = 10
"""Steps whose curvature is remembered."""
_SMALL = 3e8  # multiplications of a product


@dataclass(frozen=True)
class Stopping:
    """When a solver ends: after so many iterations, or where value and gradient hardly change any more.

    `gradient` is the largest entry of the gradient of the mean loss; `value` the relative change in an iteration.
    """

    iterations: int = 200
    gradient: float = 1e-5
    value: float = 1e-8


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
