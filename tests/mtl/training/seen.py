"""What a run's events show."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import mtl
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Finished, Step
from mtl.training import Trainer, loop

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


def begin(recipe: Recipe, folder: Path | None = None) -> tuple[Trainer, Iterator[Event]]:
    """A run that has just started, seen from inside too."""
    trainers: list[Trainer] = []
    set_up = loop.set_up

    def remember(recipe: Recipe, **how: bool) -> Trainer:
        trainers.append(set_up(recipe, **how))
        return trainers[-1]

    run = mtl.train(recipe, folder=folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "set_up", remember)
        next(run)
    return trainers[0], run
