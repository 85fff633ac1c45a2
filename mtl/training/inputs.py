"""What a run was begun with, so that a resumed run notices what has changed since."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mtl.backbones.source import hash_weights
from mtl.data import DataFingerprint, data_fingerprint
from mtl.errors import RunError
from mtl.inference.source import find_model
from mtl.recipe import TaskKind
from mtl.training.setup import Trainer


@dataclass(frozen=True)
class RunInputs:
    """What a run is made of: the labels of every head in order, the data of every task, weights, and layers.

    `weights` is the sha256 of those that the run starts from. `layers` is what each tagging head reads; it is empty in
    states of former versions.
    """

    labels: Mapping[str, tuple[str, ...]]
    data: Mapping[str, DataFingerprint]
    weights: str
    layers: Mapping[str, str | int] = field(default_factory=dict)


def inputs_of(trainer: Trainer) -> RunInputs:
    """The inputs of a trainer."""
    tasks = trainer.loaded.model.tasks
    return RunInputs(
        {name: task.labels for name, task in tasks.items()},
        {name: data_fingerprint(data) for name, data in trainer.task_data.items()},
        hash_weights(find_model(trainer.recipe.backbone).folder),
        {name: task.head.layers or "last" for name, task in tasks.items() if task.kind is TaskKind.TAGGING},
    )


def changed_data(before: RunInputs, now: RunInputs) -> Iterator[str]:
    """One sentence for each task whose data have changed.

    Raises:
        RunError: the tasks or their order, the labels of a task, what its head reads or the weights have changed, so
            that the state means something else.
    """
    if list(before.data) != list(now.data):  # in another order the optimizer's moments would be those of other heads
        expected, came = ", ".join(before.data), ", ".join(now.data)
        raise RunError(f"{expected} were expected as when the run began, were {came}", key="tasks")
    for name in {**before.labels, **now.labels}:
        labels, found = before.labels.get(name, ()), now.labels.get(name, ())
        if labels != found:
            raise RunError(
                f"the labels {_shown(labels)} were expected as when the run began, the data now have {_shown(found)}; "
                "other labels need a new run",
                key=f"tasks.{name}",
            )
    for name, layer in before.layers.items():
        if now.layers.get(name) != layer:
            raise RunError(
                f"{layer} was expected as when the run began, was {now.layers.get(name)}: name it in the recipe",
                key=f"tasks.{name}.head.layers",
            )
    if before.weights != now.weights:
        expected, came = before.weights[:12], now.weights[:12]
        raise RunError(
            f"weights with sha256 {expected}… were expected as when the run began, were {came}…", key="backbone"
        )
    for name, data in now.data.items():
        was = before.data[name]
        parts = [f"train ({was.train_rows} examples before, {data.train_rows} now)"] * (was.train != data.train)
        parts += [f"dev ({was.dev_rows} examples before, {data.dev_rows} now)"] * (was.dev != data.dev)
        best = ", and the best checkpoint is chosen anew" if was.dev != data.dev else ""
        if parts:
            what = " and ".join(parts)
            yield f"{name}: {what} changed since the run was interrupted; it goes on with the new data{best}"


def is_measured_otherwise(before: RunInputs, now: RunInputs) -> bool:
    """Whether the dev data of a task have changed: figures of before cannot be compared with those to come."""
    return any(before.data[name].dev != data.dev for name, data in now.data.items())


def _shown(labels: Sequence[str]) -> str:
    return ", ".join(labels[:8]) + (" …" if len(labels) > 8 else "") or "(none)"
