"""The example sentences in one model, as a map on which a new sentence is placed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np

from demo.answers import passes
from demo.answers.passes import Model, winner
from demo.inputs.examples import sentence_sets
from demo.maps.projection import Axes
from demo.maps.similarity import Neighbour, nearest_to_query
from demo.palette import LabelColours, symbols
from mtl.metrics.neighbours import Neighbours, Vectors
from mtl.recipe import TaskKind


@dataclass(frozen=True)
class ReferenceMap:
    """Embeddings `(N, H)` of the example sentences and their first two principal axes.

    `labels` are the predictions of the model's first classification task; empty for a model without one.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    task: str | None
    vectors: Vectors
    axes: Axes
    colours: LabelColours

    @cached_property
    def symbols(self) -> Mapping[str, str]:
        """The marker shape of every label."""
        return dict(zip(self.colours, symbols(list(self.colours.values())), strict=True))

    @cached_property
    def points(self) -> Vectors:
        """The map of the examples `(N, 2)`."""
        return self.axes.points(self.vectors)

    def place(self, vector: Vectors) -> Vectors:
        """The point `(2,)` of an embedding `(H,)` on the map of the examples."""
        return np.asarray(self.axes.points(vector[None])[0])

    @cached_property
    def neighbours(self) -> Neighbours:
        """The neighbour search over the examples."""
        return Neighbours(self.vectors)

    def near(self, vector: Vectors, *, text: str, count: int) -> list[Neighbour]:
        """The examples nearest to an embedding `(H,)` by cosine, without the same text."""
        found = nearest_to_query(vector, self.neighbours, count=count + self.texts.count(text))
        return [near for near in found if self.texts[near.index] != text][:count]


class ReferenceMaps:
    """The reference map of every model in memory, computed on first use."""

    def __init__(self, make: "Callable[[Model], ReferenceMap]") -> None:
        self._make = make
        self._made: WeakKeyDictionary[Model, ReferenceMap] = WeakKeyDictionary()
        self._lock = Lock()

    def get(self, model: Model) -> ReferenceMap:
        """The reference map of a model."""
        with self._lock:
            if model not in self._made:
                self._made[model] = self._make(model)
            return self._made[model]


def reference_map(model: Model) -> ReferenceMap:
    """Compute the reference map of a model."""
    passed = passes.analyze_texts(model, sentence_sets()[0].sentences.texts)
    task = next(iter(passes.names_of(passed.tasks, TaskKind.CLASSIFICATION)), None)
    labels = tuple(winner(analysis.classes[task])[0] for analysis in passed.analyses) if task else ()
    return ReferenceMap(passed.texts, labels, task, passed.vectors, Axes(passed.vectors), passed.colours)
