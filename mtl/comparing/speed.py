"""How fast backbones are: the time of a run does not tell it, since the cache may have their features."""

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median

from mtl.comparing.strategies import Strategy
from mtl.data import read_task
from mtl.data.examples import texts_of
from mtl.errors import MtlError
from mtl.inference import Engine
from mtl.memory import release_memory
from mtl.recipe import Recipe

_TEXTS, _ROUNDS = 200, 3


@dataclass(frozen=True, slots=True)
class BackboneSpeed:
    """Seconds to load a backbone that was loaded here before, and texts that it encodes in a second, both in fp32."""

    load_seconds: float
    texts_per_second: float


def backbone_speeds(strategies: Sequence[Strategy], done: Collection[str]) -> dict[str, BackboneSpeed]:
    """The speed of the backbone of each strategy that is done, by its name; none where all have the same backbone.

    Each is measured alone, on up to 200 train texts, the same for all. One that cannot be loaded is left out.

    Args:
        strategies: all that were compared.
        done: the names of those that are measured.
    """
    if len({strategy.recipe.backbone for strategy in strategies}) < 2:
        return {}
    texts, found = _texts(strategies[0].recipe), {}
    for strategy in (one for one in strategies if one.name in done):
        with suppress(MtlError):
            found[strategy.name] = _speed(strategy.recipe.backbone, texts)
        release_memory()
    return found


def _speed(backbone: str, texts: Sequence[str]) -> BackboneSpeed:
    Engine.load(backbone, precision="fp32").encode(texts[:1])  # what a machine prepares once is not counted
    begun = time.perf_counter()
    engine = Engine.load(backbone, precision="fp32")
    engine.encode(texts[:1])
    loaded, rounds = time.perf_counter() - begun, []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        engine.encode(texts)
        rounds.append(time.perf_counter() - begun)
    return BackboneSpeed(loaded, len(texts) / median(rounds))


def _texts(recipe: Recipe) -> list[str]:
    """Of the train sets in turn, so that each has its share."""
    found = [read_task(name, task).train for name, task in recipe.tasks.items() if task.train]
    share = -(-_TEXTS // len(found))
    return [text for examples in found for example in examples[:share] for text in texts_of(example)][:_TEXTS]
