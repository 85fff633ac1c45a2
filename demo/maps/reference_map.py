"""The example sentences seen by one model: where they lie, what they are near, and where a new sentence falls."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from demo.answers import passes
from demo.answers.passes import Model, winner
from demo.inputs.examples import sentence_sets
from demo.maps.similarity import Neighbour, nearest
from demo.palette import LabelColours, symbols
from mtl.recipe import TaskKind


@dataclass(frozen=True)
class ReferenceMap:
    """Embeddings `(N, H)` of the example sentences and their first two principal axes `(2, H)`.

    `labels` are the classes that the model's first classification task gives them, empty for a model without one.
    """

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    task: str | None
    vectors: NDArray[np.float32]
    centre: NDArray[np.float32]
    axes: NDArray[np.float32]
    colours: LabelColours

    @cached_property
    def symbols(self) -> Mapping[str, str]:
        """The marker shape of every label."""
        return dict(zip(self.colours, symbols(list(self.colours.values())), strict=True))

    @property
    def points(self) -> NDArray[np.float32]:
        """The map of the examples `(N, 2)`."""
        return self._mapped(self.vectors)

    def place(self, vector: NDArray[np.float32]) -> NDArray[np.float32]:
        """The point `(2,)` of an embedding `(H,)` on the map of the examples."""
        return np.asarray(self._mapped(vector[None])[0])

    def near(self, vector: NDArray[np.float32], *, text: str, count: int) -> list[Neighbour]:
        """The examples nearest to an embedding `(H,)` by cosine, the same text itself left out."""
        found = nearest(vector, self.vectors, count=count + self.texts.count(text))
        return [near for near in found if self.texts[near.index] != text][:count]

    def _mapped(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray((vectors - self.centre) @ self.axes.T, dtype=np.float32)


class ReferenceMaps:
    """The reference_map of every model in memory, made once when it is first asked for."""

    def __init__(self, make: "Callable[[Model], ReferenceMap]") -> None:
        self._make = make
        self._made: WeakKeyDictionary[Model, ReferenceMap] = WeakKeyDictionary()
        self._lock = Lock()

    def get(self, model: Model) -> ReferenceMap:
        """The reference_map of a model."""
        with self._lock:
            if model not in self._made:
                self._made[model] = self._make(model)
            return self._made[model]


def reference_map(model: Model) -> ReferenceMap:
    """Let a model look at the example sentences."""
    passed = passes.analyze_texts(model, sentence_sets()[0].sentences.texts)
    task = next(iter(passes.names_of(passed.tasks, TaskKind.CLASSIFICATION)), None)
    labels = tuple(winner(analysis.classes[task])[0] for analysis in passed.analyses) if task else ()
    vectors = passed.vectors
    centre = vectors.mean(axis=0)
    return ReferenceMap(passed.texts, labels, task, vectors, centre, _axes(vectors - centre), passed.colours)


def _axes(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    axes = np.linalg.svd(centred, full_matrices=False)[2][:2]
    # The sign of a singular vector is arbitrary: the example farthest out on each axis lies on its positive side.
    points = centred @ axes.T
    signs = np.sign(points[np.abs(points).argmax(axis=0), range(len(axes))])
    return np.asarray(axes * np.where(signs == 0, 1, signs)[:, None], dtype=np.float32)
