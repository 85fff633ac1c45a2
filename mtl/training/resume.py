"""Train states on disk: tensors as safetensors, everything else as JSON.

Each state is a folder `resume/<step>/` that is moved into place complete, before the state before it is removed. So
whenever the process is killed, the newest folder is a whole state.
"""

import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mtl.data import DataFingerprint
from mtl.errors import RunError
from mtl.json_text import parse_json
from mtl.recipe.choices import Precision
from mtl.training.inputs import RunInputs
from mtl.training.selection import Selection
from mtl.training.state import Progress, TrainState
from mtl.weights import save_weights

_TENSORS, _VALUES = "state.safetensors", "state.json"
_BEST = "best"


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
        **{f"solver/{name}/{key}": tensor for name, own in state.solvers.items() for key, tensor in own.items()},
    }
    values = {
        "progress": asdict(state.progress),
        "groups": state.optimizer["param_groups"],
        "scheduler": state.scheduler,
    }
    save_weights({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}, fresh / _TENSORS)
    (fresh / _VALUES).write_text(json.dumps(values), encoding="utf-8")
    place = folder / str(step)
    shutil.rmtree(place, ignore_errors=True)
    fresh.rename(place)
    for other in folder.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def keep_best(folder: Path, best: Path) -> None:
    """Keep the best checkpoint of a state beside it; one that only the end of the run finds better may replace it."""
    place = folder / _BEST
    shutil.rmtree(place, ignore_errors=True)
    if best.is_dir():
        fresh = folder / f".{_BEST}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(best, fresh, copy_function=_link)
        fresh.rename(place)


def put_best_back(folder: Path, best: Path) -> None:
    """Restore the best checkpoint of the newest state, where the end of the run has replaced it."""
    place = folder / _BEST
    if place.is_dir():
        shutil.rmtree(best, ignore_errors=True)
        place.rename(best)


def _link(source: str, target: str) -> None:
    """The same file under another name; a checkpoint is never written over."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def kept_steps(folder: Path) -> list[int]:
    """The steps after which a whole state is kept, in order."""
    return sorted(int(place.name) for place in folder.iterdir() if place.name.isdigit()) if folder.is_dir() else []


def kept_evaluation(folder: Path) -> int:
    """The step of the last evaluation that the newest state of a folder knows, a state that `load_state` reads."""
    values = parse_json((folder / str(kept_steps(folder)[-1]) / _VALUES).read_text(encoding="utf-8"))
    return int(values["progress"].get("evaluated_step", -1))


def load_state(folder: Path) -> TrainState:
    """The newest state of a folder.

    Raises:
        RunError: there is none, or it is damaged or of an older version.
    """
    steps = kept_steps(folder)
    if not steps:
        raise RunError("a saved state to continue from was expected, there is none", path=folder)
    place = folder / str(steps[-1])
    if not (place / _VALUES).is_file():
        message = f"{_VALUES} was expected, the state was kept by an older version; start the run anew"
        raise RunError(message, path=place)
    try:
        return _read(parse_json((place / _VALUES).read_text(encoding="utf-8")), load_file(place / _TENSORS))
    except (OSError, ValueError, TypeError, KeyError, SafetensorError) as error:
        raise RunError(f"a whole state was expected, it is damaged ({error})", path=place) from error


def _read(values: dict[str, Any], tensors: dict[str, Tensor]) -> TrainState:
    progress, inputs = values["progress"], values["progress"]["inputs"]
    progress["precision"] = Precision(progress["precision"])
    selection = progress["selection"]
    progress["selection"] = Selection(**{**selection, "keys": tuple(selection.get("keys", ()))})
    progress["inputs"] = RunInputs(
        {name: tuple(labels) for name, labels in inputs["labels"].items()},
        {name: DataFingerprint(**data) for name, data in inputs["data"].items()},
        inputs["weights"],
        inputs.get("layers", {}),
    )
    parts: dict[str, dict[str, Tensor]] = {"model": {}, "random": {}, "optimizer": {}, "solver": {}}
    for path, tensor in tensors.items():
        part, _, name = path.partition("/")
        parts[part][name] = tensor
    moments: dict[int, dict[str, Tensor]] = {}
    for path, tensor in parts["optimizer"].items():
        index, _, name = path.partition("/")
        moments.setdefault(int(index), {})[name] = tensor
    solvers: dict[str, dict[str, Tensor]] = {}
    for path, tensor in parts["solver"].items():
        task, _, name = path.partition("/")
        solvers.setdefault(task, {})[name] = tensor
    optimizer = {"state": moments, "param_groups": values["groups"]}
    return TrainState(Progress(**progress), parts["model"], optimizer, values["scheduler"], parts["random"], solvers)
