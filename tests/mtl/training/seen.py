"""What a run's events show."""

from pathlib import Path

import mtl
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Finished, Step

BOTH = ("topic", "entities")


def events_of(recipe: Recipe, folder: Path | None = None) -> list[Event]:
    return list(mtl.train(recipe, folder=folder))


def losses(events: list[Event]) -> list[tuple[str, float]]:
    return [(event.task, event.loss) for event in events if isinstance(event, Step)]


def kinds(events: list[Event]) -> list[str]:
    return [event.kind for event in events]


def last(events: list[Event]) -> Finished:
    assert isinstance(events[-1], Finished)
    return events[-1]


def scores(events: list[Event], key: str) -> list[float]:
    return [event.metrics[key] for event in events if isinstance(event, Evaluated) and key in event.metrics]
