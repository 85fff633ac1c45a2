"""First guesses without any example: how near texts are to what is said of their labels.

The vector of a label is the mean over its name in several sentences, its description and its examples. Texts and labels
are compared after the mean of all texts is taken off, since without that a few labels are near to everything. Then the
labels move to the texts that are nearest to them, as in k-means, but never lose what was said of them: an even mean of
both would follow clusters that have nothing to do with the labels, so the words count somewhat more. On the topics of
DBpedia this is worth more than all wordings together (`benchmarks/zero_shot.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.fitting.building import FeatureReader
from mtl.fitting.classes import LinearHead, checked_labels
from mtl.fitting.pool import FeaturePool
from mtl.inference.engine import Engine

TEMPLATES = ("{}", "This text is about {}.", "The topic is {}.", "An article about {}.", "This example is {}.")
"""What a label's name stands in; the mean of all is less moved by the words around it."""
_KEPT = 0.6  # of what was said of a label, when it moves to its texts
_ROUNDS = 10
_SCALE = 12.0  # of a cosine, to be a logit: probabilities are then about as often right as they say
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class LabelHint:
    """What is known of a label: its name, perhaps a description, and texts that it would be given, such as queries."""

    name: str
    description: str = ""
    examples: tuple[str, ...] = ()

    def sentences(self) -> list[str]:
        """What is compared with texts."""
        name = _CAMEL.sub(" ", self.name).replace("_", " ").replace("/", " ").strip().lower()
        described = [self.description.strip()] if self.description.strip() else []
        return [*(template.format(name) for template in TEMPLATES), *described, *self.examples]


def zero_shot_head(
    engine: Engine, pool: FeaturePool, hints: Sequence[LabelHint], *, rounds: int = _ROUNDS
) -> LinearHead:
    """A head for a pool that nobody has labelled; as `prior` of `fit_classes` it decides where examples do not.

    Args:
        engine: that the pool was built with.
        pool: whose texts are to be told apart.
        hints: of each label, in the order of the head.
        rounds: how often labels move to their texts; 0 leaves them with what was said of them.

    Raises:
        DataError: there are no labels, or one comes twice.
    """
    names = checked_labels([hint.name for hint in hints])
    said = [hint.sentences() for hint in hints]
    vectors = _unit(_pooled(engine, [sentence for own in said for sentence in own]))
    counts = np.array([len(own) for own in said])
    # A name in all its sentences counts as much as a description or an example.
    weights = np.concatenate([[1 / len(TEMPLATES)] * len(TEMPLATES) + [1.0] * (n - len(TEMPLATES)) for n in counts])
    means = _unit(np.add.reduceat(vectors * weights[:, None], np.cumsum(counts) - counts, axis=0))
    texts = _unit(pool.vectors.astype(np.float64))
    centre = texts.mean(axis=0)
    away = texts - centre
    labels = _moved(_unit(away), _unit(means - means.mean(axis=0)) if len(names) > 1 else means, rounds)
    # Linear in the pooled vector: the lengths of texts differ little.
    length = float(np.linalg.norm(pool.vectors, axis=1).mean())
    apart = float(np.linalg.norm(away, axis=1).mean())
    weight = _SCALE * labels.T / max(apart, 1e-9)
    return LinearHead(names, (weight / max(length, 1e-9)).astype(np.float32), (-centre @ weight).astype(np.float32))


def _moved(texts: NDArray[np.float64], said: NDArray[np.float64], rounds: int) -> NDArray[np.float64]:
    """The labels `(C, H)` after so many rounds, from what was said of them; a label without texts stays."""
    labels = said
    for _ in range(rounds):
        nearest = (texts @ labels.T).argmax(axis=1)
        own = np.eye(len(said))[nearest]
        means = np.where(own.any(axis=0)[:, None], _unit(own.T @ texts), labels)
        labels = _unit(_KEPT * said + (1 - _KEPT) * means)
    return labels


def _pooled(engine: Engine, texts: Sequence[str]) -> Floats:
    return FeatureReader(engine)(texts).vectors


def _unit(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    found: NDArray[np.float64] = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return found
