"""The state that a run continues from, to the last bit: weights, optimizer, random numbers, position.

Each state is a folder `resume/<step>/`, moved into place whole before the one before it goes; whenever the process is
killed, the newest folder is complete.
"""

import json
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mtl.errors import RunError
from mtl.training.setup import Trainer

_TENSORS, _POSITION = "state.safetensors", "position.json"
_MODEL, _FIRST, _SECOND, _STEPS, _RANDOM = "model/", "exp_avg/", "exp_avg_sq/", "steps/", "random"


@dataclass(frozen=True)
class Position:
    """Where a run stands after a step. `seconds` is the time that it has taken so far."""

    step: int
    seconds: float
    evaluated_step: int
    metrics: dict[str, float] = field(default_factory=dict)
    best_score: float | None = None
    best_step: int | None = None
    peaks: dict[str, float] = field(default_factory=dict)
    waited: int = 0
    losses: dict[str, list[float]] = field(default_factory=dict)
    """Of each task since the last evaluation."""
    precision: str = "fp32"


def save_state(folder: Path, trainer: Trainer, position: Position) -> None:
    """Write `folder/<step>/` and remove the states before it."""
    fresh = folder / f".{position.step}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    save_file(_tensors(trainer), fresh / _TENSORS)
    (fresh / _POSITION).write_text(json.dumps(asdict(position)), encoding="utf-8")
    place = folder / str(position.step)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)
    for other in folder.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def kept_steps(folder: Path) -> list[int]:
    """The steps after which a whole state is kept, in order."""
    return sorted(int(place.name) for place in folder.iterdir() if place.name.isdigit()) if folder.is_dir() else []


def restore_state(folder: Path, trainer: Trainer) -> Position:
    """Put the newest state into a trainer that was set up from the same recipe.

    Raises:
        RunError: there is no state, or it is not of this recipe.
    """
    steps = kept_steps(folder)
    if not steps:
        raise RunError(f"{folder}: a saved state to continue from was expected, there is none")
    place = folder / str(steps[-1])
    try:
        tensors = load_file(place / _TENSORS)
        position = Position(**json.loads((place / _POSITION).read_text(encoding="utf-8")))
        _put(trainer, tensors, position.step)
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise RunError(f"{place}: a state of this run was expected, it does not fit ({error})") from error
    return position


def _tensors(trainer: Trainer) -> dict[str, Tensor]:
    assert trainer.schedule
    tensors = {_RANDOM: torch.get_rng_state()}
    state = trainer.schedule.optimization.optimizer.state
    for name, parameter in _trained(trainer):
        tensors[_MODEL + name] = parameter.detach()
        if parameter in state:
            tensors[_FIRST + name] = state[parameter]["exp_avg"]
            tensors[_SECOND + name] = state[parameter]["exp_avg_sq"]
            tensors[_STEPS + name] = state[parameter]["step"]
    return {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}


def _put(trainer: Trainer, tensors: dict[str, Tensor], step: int) -> None:
    assert trainer.schedule
    optimizer, scheduler = trainer.schedule.optimization.optimizer, trainer.schedule.optimization.scheduler
    for name, parameter in _trained(trainer):
        parameter.data.copy_(tensors[_MODEL + name])
        if _FIRST + name in tensors:
            state: dict[str, Any] = {
                "exp_avg": tensors[_FIRST + name].to(parameter.device),
                "exp_avg_sq": tensors[_SECOND + name].to(parameter.device),
                "step": tensors[_STEPS + name],
            }
            optimizer.state[parameter] = state
    scheduler.last_epoch = step
    for group, base, factor in zip(optimizer.param_groups, scheduler.base_lrs, scheduler.lr_lambdas, strict=True):
        group["lr"] = base * factor(step)
    torch.set_rng_state(tensors[_RANDOM])


def _trained(trainer: Trainer) -> list[tuple[str, torch.nn.Parameter]]:
    assert trainer.schedule
    held = {id(p) for group in trainer.schedule.optimization.optimizer.param_groups for p in group["params"]}
    named = (*trainer.loaded.model.named_parameters(), *trainer.schedule.weights.named_parameters(prefix="weights"))
    return [(name, p) for name, p in named if id(p) in held]
