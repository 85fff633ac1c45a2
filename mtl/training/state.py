"""Everything that a run continues from: taken from a trainer after a step, and put back into a new one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from mtl.distributed import shared_as, whole
from mtl.errors import RunError
from mtl.recipe.choices import Precision
from mtl.training.inputs import RunInputs
from mtl.training.selection import Selection
from mtl.training.setup import Trainer


@dataclass(frozen=True)
class Progress:
    """Where a run stands after `step` steps, which took `seconds` over all its processes.

    `losses` are those of each task since the evaluation after step `evaluated_step`, which gave `metrics`, the
    `temperatures` of tasks and the `thresholds` of multi-label tasks.
    """

    step: int
    seconds: float
    precision: Precision
    inputs: RunInputs
    evaluated_step: int = -1
    metrics: Mapping[str, float] = field(default_factory=dict)
    losses: Mapping[str, list[float]] = field(default_factory=dict)
    selection: Selection = Selection()
    thresholds: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    temperatures: Mapping[str, float] = field(default_factory=dict)
    stage: int = 0
    """The number of the stage, from 0, in which the step was made."""


@dataclass(frozen=True)
class TrainState:
    """A run after a step; the tensors are on the processor and may share memory with the model.

    `model` holds what trains, the learned weights of the losses included; `optimizer` and `scheduler` are their own
    `state_dict`; `random` holds the state of the generator of each device.
    """

    progress: Progress
    model: Mapping[str, Tensor]
    optimizer: Mapping[str, Any]
    scheduler: Mapping[str, Any]
    random: Mapping[str, Tensor]
    solvers: Mapping[str, Mapping[str, Tensor]] = field(default_factory=dict)
    """Of L-BFGS, by task."""


def capture(trainer: Trainer, progress: Progress) -> TrainState:
    """The state of a trainer that has a schedule; processes that hold the model in parts call this together."""
    assert trainer.schedule
    optimization = trainer.schedule.optimization
    model = {name: whole(parameter.detach()).cpu() for name, parameter in _trained(trainer)}
    optimizer = optimization.optimizer.state_dict()
    moments = {i: {key: whole(tensor) for key, tensor in own.items()} for i, own in optimizer["state"].items()}
    return TrainState(
        progress,
        model,
        {**optimizer, "state": moments},
        optimization.scheduler.state_dict(),
        _random_states(),
        {name: solver.state() for name, solver in trainer.made_solvers.items()},
    )


def apply(state: TrainState, trainer: Trainer) -> None:
    """Put a state into a trainer that was set up from the same recipe.

    Raises:
        RunError: the state is of another recipe.
    """
    if trainer.schedule is None:
        raise RunError("a recipe that trains something was expected to continue with, this one trains nothing")
    try:
        trained = dict(_trained(trainer))
        others = sorted(state.model.keys() - trained.keys())
        if others:
            raise ValueError(f"it has {others[0]}, which does not train")
        for name, parameter in trained.items():
            if state.model[name].shape != parameter.shape:  # copy_ would broadcast
                raise ValueError(f"{name} has another shape")
            parameter.data.copy_(shared_as(state.model[name], parameter.data))
        held = trainer.schedule.optimization.parameters
        moments = {
            i: {key: shared_as(tensor, held[i].data) for key, tensor in own.items()}
            for i, own in state.optimizer["state"].items()
        }
        trainer.schedule.optimization.optimizer.load_state_dict({**state.optimizer, "state": moments})
        trainer.schedule.optimization.scheduler.load_state_dict(dict(state.scheduler))
        trainer.solver_states = state.solvers
        trainer.least_stage = min(state.progress.stage, len(trainer.stages) - 1)
        _set_random_states(state.random)
    except (ValueError, KeyError) as error:
        raise RunError(
            f"the state after step {state.progress.step}: one of this recipe was expected, it does not fit ({error})"
        ) from error


def has_other_rates(state: TrainState, trainer: Trainer) -> bool:
    """Whether the recipe now sets other learning rates or another weight decay than those of the state."""
    if trainer.schedule is None:
        return False
    now = trainer.schedule.optimization.optimizer.param_groups
    rates = [
        [(own["initial_lr"], own["weight_decay"]) for own in groups]
        for groups in (state.optimizer["param_groups"], now)
    ]
    return rates[0] != rates[1]


def _trained(trainer: Trainer) -> list[tuple[str, nn.Parameter]]:
    assert trainer.schedule
    held = {id(p) for group in trainer.schedule.optimization.optimizer.param_groups for p in group["params"]}
    named = (*trainer.loaded.model.named_parameters(), *trainer.schedule.weights.named_parameters(prefix="weights"))
    return [(name, p) for name, p in named if id(p) in held]


def _random_states() -> dict[str, Tensor]:
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states |= {f"cuda:{i}": state for i, state in enumerate(torch.cuda.get_rng_state_all())}
    if torch.backends.mps.is_available():
        states["mps"] = torch.mps.get_rng_state()
    return states


def _set_random_states(states: Mapping[str, Tensor]) -> None:
    """Those of devices that this machine has."""
    torch.set_rng_state(states["cpu"])
    for i in range(torch.cuda.device_count()):
        if f"cuda:{i}" in states:
            torch.cuda.set_rng_state(states[f"cuda:{i}"], i)
    if torch.backends.mps.is_available() and "mps" in states:
        torch.mps.set_rng_state(states["mps"])
