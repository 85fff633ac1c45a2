"""A seeded sample of rows; a smaller sample is a subset of a larger one."""

import numpy as np
from numpy.typing import NDArray

_SEED = 42


def sample(count: int, limit: int) -> NDArray[np.int32]:
    """At most `limit` of the positions `0..count-1`, in order."""
    if count <= limit:
        return np.arange(count, dtype=np.int32)
    drawn = np.random.default_rng(_SEED).permutation(count)[:limit]
    return np.sort(drawn).astype(np.int32)
