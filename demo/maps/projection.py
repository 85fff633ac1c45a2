"""Embeddings `(N, H)` as points `(N, 2)`, seeded; small and degenerate inputs included."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

_SEED = 42


class Projection(StrEnum):
    """How embeddings become points of a map."""

    PCA = "PCA"
    UMAP = "UMAP"
    TSNE = "t-SNE"


LIMITS = {Projection.PCA: 100_000, Projection.UMAP: 2_000, Projection.TSNE: 1_000}
"""How many sentences each projection takes; of more a sample is drawn."""

_SMALLEST = {Projection.PCA: 1, Projection.UMAP: 6, Projection.TSNE: 5}
_LARGE = 5_000


def project(vectors: NDArray[np.float32], method: Projection) -> NDArray[np.float32]:
    """Points `(min(N, limit), 2)` float32 of vectors `(N, H)`; methods that need more sentences give way to PCA."""
    vectors = np.nan_to_num(vectors[: LIMITS[method]])
    if not _suffices(vectors, method):
        method = Projection.PCA
    points = {Projection.PCA: _pca, Projection.UMAP: _umap, Projection.TSNE: _tsne}[method](vectors)
    return np.asarray(points, dtype=np.float32)


def used(vectors: NDArray[np.float32], method: Projection) -> str:
    """What `project` does with these vectors, in words."""
    count, limit = len(vectors), LIMITS[method]
    if not _suffices(vectors, method):
        return f"PCA, since {method} needs at least {_SMALLEST[method]} different sentences"
    return f"{method} of {limit:,} of {count:,} sentences, a seeded sample" if count > limit else str(method)


def _suffices(vectors: NDArray[np.float32], method: Projection) -> bool:
    """Whether there are as many different vectors as the method needs; the first thousand tell."""
    least = _SMALLEST[method]
    return least <= 1 or len(np.unique(vectors[:1000], axis=0)) >= least


def _pca(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    centred = vectors - vectors.mean(axis=0)
    points = np.zeros((len(vectors), 2), dtype=np.float32)
    if len(vectors) > _LARGE:  # the eigenvectors of the small covariance are the same axes in a fraction of the time
        _, directions = np.linalg.eigh(centred.T @ centred)
        axes = min(2, vectors.shape[1])
        points[:, :axes] = centred @ directions[:, ::-1][:, :axes]
    else:
        left, scale, _ = np.linalg.svd(centred, full_matrices=False)
        axes = min(2, len(scale))
        points[:, :axes] = left[:, :axes] * scale[:axes]
    # The sign of a singular vector is arbitrary: the point farthest out on each axis is drawn on its positive side.
    signs = np.sign(points[np.abs(points).argmax(axis=0), [0, 1]])
    return points * np.where(signs == 0, 1, signs)


def _umap(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    from umap import UMAP

    neighbours = min(15, len(vectors) - 1)
    model = UMAP(n_neighbors=neighbours, metric="cosine", random_state=_SEED, n_jobs=1, init="pca")
    return np.asarray(model.fit_transform(vectors))


def _tsne(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(
        TSNE(perplexity=perplexity, metric="cosine", init="random", random_state=_SEED).fit_transform(vectors)
    )
