"""Embedding spaces to look at side by side: what gives the vectors, and what is measured between two of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from demo.answers.embedded import Embedded
from demo.answers.engines import Engines
from demo.maps.movement import NEIGHBOURS, Movement, movement
from demo.maps.sampling import sample
from mtl.errors import InputError
from mtl.metrics.neighbours import Neighbours, Vectors, unit_length
from mtl.recipe import Pooling

if TYPE_CHECKING:
    from mtl.inference.poolings import Poolings

OWN = "the model’s own"
NO_COMPARISON = "nothing"
LIMIT = 5_000
"""Sentences that are pooled in other ways; their hidden states are computed once more."""
_POOLING = "pooling:"
_PAIRS = 1_000


@dataclass(frozen=True, eq=False)
class SecondSpace:
    """A second space of the same sentences: its title, its embeddings `(N, G)`, and what moved."""

    stamp: int
    title: str
    vectors: Vectors
    movement: Movement

    @cached_property
    def neighbours(self) -> Neighbours:
        """The search among these sentences."""
        return Neighbours(self.vectors)


@dataclass(frozen=True, slots=True)
class Source:
    """Where vectors come from: the models of the page, the key of one of them, and who asks."""

    engines: Engines
    key: str
    owner: str


def pooled(source: Source, texts: Sequence[str]) -> Mapping[Pooling, Vectors]:
    """Embeddings `(N, H)` of every pooling.

    Raises:
        InputError: there are more texts than are pooled here.
        MtlError: the model cannot be loaded.
    """
    if len(texts) > LIMIT:
        raise InputError(f"Poolings are compared on up to {LIMIT:,} sentences, these are {len(texts):,}.")
    return _poolings(source.engines.location(source.key, source.owner)).encode(texts)


def in_pooling(source: Source, texts: Sequence[str], pooling: str) -> Vectors:
    """Embeddings `(N, H)` in one pooling, or in the model's own.

    Raises:
        MtlError: as `pooled`.
    """
    if pooling == OWN:
        return np.stack([a.embedding for a in source.engines.get(source.key, source.owner).analyze(list(texts))])
    return pooled(source, texts)[Pooling(pooling)]


def comparison_choices(models: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """What can stand second_space a map: other models, and other poolings of the same one."""
    poolings = [(f"{pooling} pooling", f"{_POOLING}{pooling}") for pooling in Pooling]
    return [(NO_COMPARISON, NO_COMPARISON), *models, *poolings]


def second_space(source: Source, embedded: Embedded, chosen: str) -> SecondSpace:
    """The second space of a choice of `comparison_choices`.

    Raises:
        MtlError: as `pooled`; or the other model cannot be loaded.
    """
    if chosen.startswith(_POOLING):
        pooling = chosen.removeprefix(_POOLING)
        vectors, title = in_pooling(source, embedded.texts, pooling), f"{pooling} pooling"
    else:
        other = Source(source.engines, chosen, source.owner)
        vectors = in_pooling(other, embedded.texts, OWN)
        title = next((name for name, key in source.engines.choices(source.owner) if key == chosen), chosen)
    return SecondSpace(embedded.stamp, title, vectors, movement(embedded.vectors, vectors))


def measured(source: Source, embedded: Embedded) -> dict[str, dict[str, float | None]]:
    """For every pooling: neighbours kept from the shown space, mean cosine of pairs, and alike labels nearby, 0 to 1.

    Raises:
        MtlError: as `pooled`.
    """
    groups = embedded.labels
    return {
        str(pooling): {
            "kept": movement(embedded.vectors, vectors).overlap,
            "cosine": mean_cosine(vectors),
            "purity": purity(vectors, groups) if groups else None,
        }
        for pooling, vectors in pooled(source, embedded.texts).items()
    }


def mean_cosine(vectors: Vectors) -> float | None:
    """Mean cosine of all pairs among at most a thousand sentences; None for a single one."""
    some = unit_length(vectors[sample(len(vectors), _PAIRS)])
    count = len(some)
    return float(((some @ some.T).sum() - (some * some).sum()) / (count * (count - 1))) if count > 1 else None


def purity(vectors: Vectors, groups: Sequence[str]) -> float | None:
    """Share of the nearest neighbours that have the same label; None for a single sentence."""
    rows = sample(len(vectors), _PAIRS)
    found = Neighbours(vectors).others(rows, count=NEIGHBOURS)
    names = np.array(groups)
    return float((names[found] == names[rows][:, None]).mean()) if found.size else None


@lru_cache(maxsize=1)
def _poolings(name: str) -> "Poolings":
    from mtl.inference.poolings import Poolings

    return Poolings.load(name)
