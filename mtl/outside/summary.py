"""Training embeddings in less than a megabyte, and the distance of a text from the nearest of them.

The nearest training text tells what a model knows about better than the largest probability does (Sun et al. 2022,
"Out-of-distribution detection with deep nearest neighbors"). Here the centres of clusters stand for the texts. They
also smooth over texts with a wrong label or of a kind of their own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats
from mtl.metrics.neighbours import unit_length

LEAST_TEXTS = 20
"""Fewer texts say nothing about what is usual."""
KEPT_SHARE = 0.95
"""Of dev texts that lie within the limit."""
_CENTRES = 750
_BYTES = 1_000_000
_FOLDS = 5
_SAME = 1e-5  # embeddings that are no farther apart are of one text
_LEAST_LIMIT = 0.001  # float16, integers and caches move an embedding by less


@dataclass(frozen=True, eq=False)
class Summary:
    """Centres `(K, H)`, float16 and of length 1, and the cosine distance from the nearest that is still usual."""

    centres: NDArray[np.float16]
    limit: float

    def distances(self, embeddings: NDArray[np.floating]) -> Floats:
        """`(N,)`: 1 less the cosine with the nearest centre, of embeddings `(N, H)`; 0 to 2."""
        return _distances(embeddings, _directions(self.centres))  # rounding has changed their lengths

    def is_outside(self, embeddings: NDArray[np.floating]) -> NDArray[np.bool_]:
        """`(N,)`: whether a text is farther away than all but a few of the dev texts."""
        found: NDArray[np.bool_] = self.distances(embeddings) > self.limit
        return found


def summarize(
    train: NDArray[np.floating], dev: NDArray[np.floating] | None = None, *, known: Summary | None = None
) -> Summary | None:
    """The summary of training embeddings, or None of fewer than `LEAST_TEXTS`.

    Args:
        train: `(N, H)`.
        dev: `(M, H)`, which decides on the limit. Where there are fewer than `LEAST_TEXTS`, the training texts do, each
            compared with a summary that has not seen it.
        known: by the same encoder, of texts from which the same head has learned before. It stays, and gets those of
            the training texts that lie outside of it.
    """
    if known is None and len(train) < LEAST_TEXTS:
        return None
    directions = _directions(train)
    if known is not None:
        directions = np.concatenate([_directions(known.centres), directions[known.is_outside(train)]])
    centres, least = _centres(directions), known.limit if known is not None else 0.0
    if dev is not None and len(dev) >= LEAST_TEXTS:
        away = _distances(dev, centres)
    elif known is not None:
        away = np.zeros(1, np.float32)
    else:
        same = directions @ directions.T > 1 - _SAME
        distinct = directions[np.unique(same.argmax(axis=1))]  # of those that are alike, the first
        folds = np.random.default_rng(0).permutation(len(distinct)) % _FOLDS
        parts = [
            _distances(distinct[folds == fold], _centres(distinct[folds != fold]))
            for fold in range(_FOLDS)
            if (folds != fold).any() and (folds == fold).any()
        ]
        away = np.concatenate(parts) if parts else np.zeros(1, np.float32)
    return Summary(centres.astype(np.float16), max(least, float(np.quantile(away, KEPT_SHARE)), _LEAST_LIMIT))


def _centres(directions: Floats) -> Floats:
    """`(K, H)`: the vectors themselves where they are few, else the centres of clusters."""
    most = min(_CENTRES, _BYTES // (2 * directions.shape[1]))
    if len(directions) <= most:
        return directions
    if len(distinct := np.unique(directions, axis=0)) <= most:
        return distinct
    from sklearn.cluster import KMeans

    # Better beginnings and more rounds take minutes, and tell texts apart no better.
    return unit_length(
        KMeans(most, init="random", n_init=1, max_iter=10, random_state=0).fit(directions).cluster_centers_
    )


def _distances(embeddings: NDArray[np.floating], centres: Floats) -> Floats:
    found: Floats = (1 - (_directions(embeddings) @ centres.T).max(axis=1)).clip(0, 2)
    return found


def _directions(vectors: NDArray[np.floating]) -> Floats:
    return unit_length(vectors.astype(np.float32))  # in float16 the lengths would be rounded too
