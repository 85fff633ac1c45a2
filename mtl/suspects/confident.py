"""Confident learning (Northcutt, Jiang and Chuang 2021, "Confident Learning", section 3) in NumPy.

The library cleanlab has it too. It would bring pandas into the library and takes seconds to import, for these lines.
"""

import numpy as np
from numpy.typing import NDArray

from mtl.decoding.probabilities import Floats


def confident_classes(probabilities: Floats, given: NDArray[np.int64]) -> NDArray[np.int64]:
    """The class `(N,)` that each example confidently belongs to, -1 for none.

    The threshold of a class is the mean probability of that class over the examples that were given it. Of the classes
    whose threshold an example reaches, the most probable one counts. An example whose class differs from the given one
    is suspect.

    Args:
        probabilities: `(N, C)`, out of sample.
        given: `(N,)`.
    """
    count = probabilities.shape[1]
    own = probabilities[np.arange(len(given)), given].astype(np.float64)
    sizes = np.bincount(given, minlength=count)
    sums = np.bincount(given, weights=own, minlength=count)
    thresholds = np.where(sizes > 0, sums / np.maximum(sizes, 1), np.inf)
    reached = probabilities >= thresholds
    best = np.where(reached, probabilities, -1.0).argmax(axis=1)
    return np.where(reached.any(axis=1), best, -1)
