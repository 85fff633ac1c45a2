"""Groups of similar sentences, by seeded k-means on embeddings of length 1 (scikit-learn)."""

import numpy as np
from numpy.typing import NDArray

from mtl.metrics.neighbours import unit_length

FEWEST, MOST, USUAL = 2, 24, 8
_SEED = 42
_BATCH = 4_096


def cluster(vectors: NDArray[np.float32], count: int) -> tuple[str, ...]:
    """The cluster of each of the vectors `(N, H)`, numbered by size; fewer than `count` clusters if N is smaller."""
    from sklearn.cluster import KMeans, MiniBatchKMeans

    distinct = len(np.unique(vectors, axis=0)) if len(vectors) <= MOST else MOST
    wanted = max(1, min(count, distinct))
    large = len(vectors) > 2 * _BATCH
    model = (
        MiniBatchKMeans(wanted, random_state=_SEED, batch_size=_BATCH, n_init=3)
        if large
        else KMeans(wanted, random_state=_SEED, n_init=3)
    )
    found = model.fit_predict(unit_length(np.nan_to_num(vectors)))
    sizes = np.bincount(found, minlength=wanted)
    place = {int(number): rank for rank, number in enumerate(np.argsort(-sizes, kind="stable"), start=1)}
    return tuple(f"cluster {place[int(number)]}" for number in found)
