"""Train states on disk: tensors as safetensors, everything else as JSON.

Each state is a folder `resume/<step>/` that is moved into place complete, before the state before it is removed. So
whenever the process is killed, the newest folder is a whole state.
"""

import json
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mtl.errors import RunError
from mtl.recipe.choices import Precision
from mtl.training.selection import Selection
from mtl.training.setup import Trainer
from mtl.training.state import Progress, TrainState, apply

_TENSORS, _VALUES = "state.safetensors", "state.json"


def save_state(folder: Path, state: TrainState) -> None:
    """Write `folder/<step>/` and remove the states before it."""
    step = state.progress.step
    fresh = folder / f".{step}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    moments = state.optimizer["state"]
    tensors: dict[str, Tensor] = {
        **{f"model/{name}": tensor for name, tensor in state.model.items()},
        **{f"random/{device}": tensor for device, tensor in state.random.items()},
        **{f"optimizer/{i}/{key}": tensor for i, own in moments.items() for key, tensor in own.items()},
    }
    values = {
        "progress": asdict(state.progress),
        "groups": state.optimizer["param_groups"],
        "scheduler": state.scheduler,
    }
    save_file({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, fresh / _TENSORS)
    (fresh / _VALUES).write_text(json.dumps(values), encoding="utf-8")
    place = folder / str(step)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)
    for other in folder.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def kept_steps(folder: Path) -> list[int]:
    """The steps after which a whole state is kept, in order."""
    return sorted(int(place.name) for place in folder.iterdir() if place.name.isdigit()) if folder.is_dir() else []


def restore_state(folder: Path, trainer: Trainer) -> Progress:
    """Put the newest state of a folder into a trainer that was set up from the same recipe.

    Raises:
        RunError: there is no state, or it is not of this recipe and this version.
    """
    steps = kept_steps(folder)
    if not steps or trainer.schedule is None:
        raise RunError(f"{folder}: a saved state to continue from was expected, there is none")
    place = folder / str(steps[-1])
    if not (place / _VALUES).is_file():
        raise RunError(f"{place}: {_VALUES} was expected, the state was kept by an older version; start the run anew")
    try:
        state = _read(place)
        apply(state, trainer)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError, SafetensorError) as error:
        raise RunError(f"{place}: a state of this run was expected, it does not fit ({error})") from error
    return state.progress


def _read(place: Path) -> TrainState:
    values = json.loads((place / _VALUES).read_text(encoding="utf-8"))
    progress = values["progress"]
    progress |= {
        "selection": Selection(**progress["selection"]),
        "precision": Precision(progress["precision"]),
    }
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "random": {}, "optimizer": {}}
    for name, tensor in load_file(place / _TENSORS).items():
        part, _, rest = name.partition("/")
        parts[part][rest] = tensor
    moments: dict[int, dict[str, Any]] = {}
    for name, tensor in parts["optimizer"].items():
        index, _, key = name.partition("/")
        moments.setdefault(int(index), {})[key] = tensor
    optimizer = {"state": moments, "param_groups": values["groups"]}
    return TrainState(Progress(**progress), parts["model"], optimizer, values["scheduler"], parts["random"])
