"""Embedding spaces to compare: other models, other poolings, and measures between two spaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from demo.answers.embedded import Embedded
from demo.answers.engines import Engines, state_of
from demo.maps.movement import NEIGHBOURS, Movement, movement
from demo.maps.sampling import sample
from mtl.errors import InputError
from mtl.metrics.neighbours import Neighbours, Vectors, unit_length
from mtl.recipe import Pooling

if TYPE_CHECKING:
    from mtl.inference.poolings import Poolings

OWN = "model default"
NO_COMPARISON = "none"
LIMIT = 5_000
"""The most sentences for which other poolings are computed; this needs another pass."""
_POOLING = "pooling:"
_PAIRS = 1_000


@dataclass(frozen=True, eq=False)
class SecondSpace:
    """A second space of the same sentences: its title, its embeddings `(N, G)`, and the movement between the spaces."""

    stamp: int
    title: str
    vectors: Vectors
    movement: Movement

    @cached_property
    def neighbours(self) -> Neighbours:
        """The neighbour search over these sentences."""
        return Neighbours(self.vectors)


@dataclass(frozen=True, slots=True)
class Source:
    """The source of vectors: the models of the page, the key of a model, and the visitor."""

    engines: Engines
    key: str
    owner: str


def pooled(source: Source, texts: Sequence[str]) -> Mapping[Pooling, Vectors]:
    """Compute embeddings `(N, H)` with every pooling.

    Raises:
        InputError: there are too many texts.
        MtlError: the model cannot be loaded.
    """
    if len(texts) > LIMIT:
        raise InputError(f"At most {LIMIT:,} sentences were expected for poolings, were {len(texts):,}.")
    name = source.engines.location(source.key, source.owner)
    return _poolings(name, state_of(name)).encode(texts)


def in_pooling(source: Source, texts: Sequence[str], pooling: str) -> Vectors:
    """Compute embeddings `(N, H)` with one pooling, or with that of the model.

    Raises:
        MtlError: as `pooled`.
    """
    if pooling == OWN:
        return np.stack([a.embedding for a in source.engines.get(source.key, source.owner).analyze(list(texts))])
    return pooled(source, texts)[Pooling(pooling)]


def comparison_choices(models: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The choices for a comparison: other models, and other poolings of the same model."""
    poolings = [(f"{pooling} pooling", f"{_POOLING}{pooling}") for pooling in Pooling]
    return [(NO_COMPARISON, NO_COMPARISON), *models, *poolings]


def second_space(source: Source, embedded: Embedded, chosen: str) -> SecondSpace:
    """Compute the second space for a choice of `comparison_choices`.

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
    """For every pooling: the share of neighbours kept, the mean cosine of pairs, and the purity of labels, 0 to 1.

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
    """The mean cosine of all pairs among at most a thousand sentences; None for a single sentence."""
    some = unit_length(vectors[sample(len(vectors), _PAIRS)])
    count = len(some)
    return float(((some @ some.T).sum() - (some * some).sum()) / (count * (count - 1))) if count > 1 else None


def purity(vectors: Vectors, groups: Sequence[str]) -> float | None:
    """The share of nearest neighbours with the same label; None for a single sentence."""
    rows = sample(len(vectors), _PAIRS)
    found = Neighbours(vectors).others(rows, count=NEIGHBOURS)
    names = np.array(groups)
    return float((names[found] == names[rows][:, None]).mean()) if found.size else None


@lru_cache(maxsize=1)
def _poolings(name: str, _state: str) -> "Poolings":
    from mtl.inference.poolings import Poolings

    return Poolings.load(name)
