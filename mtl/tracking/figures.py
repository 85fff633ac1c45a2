"""What a tracker is told of an event, and of the recipe: names and plain values, nothing that the events lack.

Trackers may be on other machines, so the recipe is told without paths of this one.
"""

from collections.abc import Iterator, Mapping

from mtl.recipe import Recipe, portable
from mtl.runs.events import Evaluated, Event, Saved, Started, Step

Plain = str | int | float | bool


def figures_of(event: Event) -> dict[str, float]:
    """The figures of an event by name; empty for events that have none."""
    match event:
        case Step():
            return {
                f"train/{event.task}/loss": event.loss,
                "train/epoch": event.epoch,
                "train/learning_rate": event.learning_rate,
                "train/tokens_per_second": event.tokens_per_second,
            }
        case Evaluated():
            return {
                **event.metrics,
                "eval/seconds": event.seconds,
                **_below("train", "mean_loss", event.losses),
                **_below("train", "draws", event.draws),
                **_below("train", "weight", event.weights),
                **_below("gradient_cosine", "", event.gradient_cosines),
            }
        case Saved(name="best", score=float(score)):
            return {"best/score": score}
        case _:
            return {}


def settings_of(recipe: Recipe, started: Started) -> dict[str, Plain]:
    """The recipe, a key for each value (`optimizer.clip`), and the size of what trains."""
    content = portable(recipe)
    del content["filled_in"]  # those values again
    return {
        **dict(_flat(content, "")),
        "trained_parameters": started.trained_parameters,
        "total_parameters": started.total_parameters,
        "total_steps": started.total_steps,
        "device": started.device,
    }


def _below(group: str, what: str, values: Mapping[str, float]) -> dict[str, float]:
    return {"/".join(part for part in (group, name, what) if part): value for name, value in values.items()}


def _flat(value: object, key: str) -> Iterator[tuple[str, Plain]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    elif isinstance(value, Plain):
        yield key, value
    elif isinstance(value, list | tuple):
        yield key, ", ".join(map(str, value))
