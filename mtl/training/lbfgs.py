"""Linear heads trained by L-BFGS, one iteration a step, so that a run can be watched, stopped and resumed."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import LBFGS

from mtl.fitting.objectives import Objective, Vector
from mtl.fitting.solving import MEMORY, Stopping, one_thread_if_small
from mtl.heads import ClassificationHead, TaggingHead

MOST_ITERATIONS = 100
"""Of a task."""
ITERATIONS_BETWEEN = 10
"""Of each task, from one evaluation to the next where a recipe says `every: epoch`."""
_LINE_SEARCH = 25
"""Evaluations that a line search may take; the optimizer's default for single iterations would be none."""
_STOPPING = Stopping(MOST_ITERATIONS, gradient=1e-5, value=1e-5)
_SMALL_IN_TURN = 2
"""Iterations that hardly change the loss, after which a task is at its optimum: one alone may be a short step."""
_LISTS = ("old_dirs", "old_stps", "ro")
_TENSORS = ("d", "prev_flat_grad")
_NUMBERS = ("t", "prev_loss", "n_iter", "func_evals")


@dataclass(frozen=True, slots=True)
class Iteration:
    """Of a step: the mean loss before it, in nats without the penalty, and the length of the step."""

    loss: float
    length: float


class HeadSolver:
    """L-BFGS on the one linear head of a task.

    Args:
        objective: convex.
        head: gets the weight after each iteration.
        warm: whether it begins from the head's weight instead of zeros.
    """

    def __init__(self, objective: Objective, head: nn.Module, *, warm: bool) -> None:
        assert isinstance(head, ClassificationHead | TaggingHead)
        self._objective, self._head = objective, head
        weight, bias = (p.detach().cpu().float().numpy() for p in (head.output.weight, head.output.bias))
        start = objective.scaling.unfolded(weight.T, bias) if warm else np.zeros(objective.shape)
        self._weight = nn.Parameter(torch.from_numpy(start.ravel().copy()))
        self._optimizer = LBFGS(
            [self._weight],
            max_iter=1,
            max_eval=1 + _LINE_SEARCH,
            history_size=MEMORY,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )
        self._known: tuple[Vector, float, Vector] | None = None
        self._small = 0
        self.iterations = 0
        self.is_done = False
        if not warm:
            self._put()

    @property
    def examples(self) -> int:
        """The units that an iteration goes through."""
        return len(self._objective.values)

    def step(self) -> Iteration:
        """Make one iteration."""
        with one_thread_if_small(self._objective):
            before, _ = self._at(self._flat)
            loss = self._objective.without_penalty(before, self._flat)
            self._optimizer.step(self._closure)  # type: ignore[no-untyped-call]
            value, gradient = self._at(self._flat)
        self.iterations += 1
        is_small = before - value <= _STOPPING.value * max(abs(before), abs(value), 1e-12)
        self._small = self._small + 1 if is_small else 0
        steepest = float(np.abs(gradient).max())
        self.is_done = (
            self._small >= _SMALL_IN_TURN or steepest <= _STOPPING.gradient or self.iterations >= MOST_ITERATIONS
        )
        self._put()
        return Iteration(loss, float(self._optimizer.state[self._weight].get("t", 0.0)))

    @property
    def _flat(self) -> Vector:
        found: Vector = self._weight.detach().numpy()
        return found

    def _at(self, flat: Vector) -> tuple[float, Vector]:
        """Value and gradient; those of the last weight are known."""
        if self._known is None or not np.array_equal(self._known[0], flat):
            self._known = (flat.copy(), *self._objective(flat))
        return self._known[1:]

    @torch.no_grad()
    def _closure(self) -> float:
        value, gradient = self._at(self._flat)
        self._weight.grad = torch.from_numpy(gradient.copy())
        return value

    @torch.no_grad()
    def _put(self) -> None:
        weight, bias = self._objective.scaling.folded(self._flat.reshape(self._objective.shape))
        self._head.output.weight.copy_(torch.from_numpy(weight.T.copy()))
        self._head.output.bias.copy_(torch.from_numpy(bias))

    def state(self) -> dict[str, Tensor]:
        """All that `restore` needs, by name."""
        own = self._optimizer.state[self._weight]
        found = {"weight": self._weight.detach().clone(), "iterations": torch.tensor(self.iterations)}
        found |= {"is_done": torch.tensor(self.is_done), "small": torch.tensor(self._small)}
        found |= {name: torch.stack(own[name]) for name in _LISTS if own.get(name)}
        found |= {name: _tensor(own[name]) for name in (*_TENSORS, *_NUMBERS, "H_diag") if name in own}
        return found

    def begin_again(self, state: Mapping[str, Tensor]) -> None:
        """Go on from the head's weight for other data than those of `state`, with the iterations that are left.

        Raises:
            KeyError: it is no state of a solver.
        """
        self.iterations = int(state["iterations"])
        self.is_done = self.iterations >= MOST_ITERATIONS

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Continue from what `state` gave, to the last bit.

        Raises:
            ValueError, KeyError: it is the state of another head.
        """
        if state["weight"].shape != self._weight.shape:
            raise ValueError(f"a weight of {self._weight.numel()} numbers was expected, was {state['weight'].numel()}")
        with torch.no_grad():
            self._weight.copy_(state["weight"])
        self.iterations, self.is_done = int(state["iterations"]), bool(state["is_done"])
        self._small = int(state["small"])
        own = self._optimizer.state[self._weight]
        for name in _LISTS:
            own[name] = list(state[name].unbind()) if name in state else []
        for name in (*_TENSORS, "H_diag"):
            if name in state:
                own[name] = state[name].clone()
        for name in _NUMBERS:
            if name in state:
                own[name] = state[name].item()
        own["al"] = [None] * MEMORY
        self._put()


def _tensor(value: Tensor | float) -> Tensor:
    """With all digits: by default torch keeps half of those of a number."""
    return torch.tensor(value, dtype=torch.float64) if isinstance(value, float) else torch.as_tensor(value).clone()
