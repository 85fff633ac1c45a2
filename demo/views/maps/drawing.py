"""From vectors to the points of a map: all of them, or a sample that the method and the browser can take."""

import numpy as np
from numpy.typing import NDArray

from demo.maps import projection
from demo.maps.projection import LIMITS, Projection
from demo.maps.sampling import sample
from demo.views.maps import scatter
from demo.views.maps.scatter import MapPoints
from mtl.metrics.neighbours import Vectors


def placed(vectors: Vectors, method: Projection) -> tuple[NDArray[np.int32], MapPoints]:
    """The sample `(S,)` of vectors `(N, H)` whose texts go to the page, and the points of all or some of them."""
    total = len(vectors)
    rows = sample(total, scatter.LIMIT)
    # A smaller sample is a subset of the larger one, so the texts on the page serve every projection.
    part = rows if method is Projection.PCA else sample(total, min(LIMITS[method], scatter.LIMIT))
    if method is Projection.PCA:
        points = projection.project(vectors, method)[rows]
    else:
        points = projection.project(vectors[part], method)
    title = projection.used(vectors, method)
    title += f", {len(points):,} points drawn" if method is Projection.PCA and len(points) < total else ""
    return rows, MapPoints(points, np.searchsorted(rows, part).astype(np.int32), title)
