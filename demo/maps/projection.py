"""Seeded projections of embeddings `(N, H)` to points `(N, 2)`, for small and degenerate inputs too."""

from enum import StrEnum

import numpy as np

from demo.maps.umap_import import load_umap
from mtl.errors import StorageError
from mtl.metrics.neighbours import Vectors

_SEED = 42


class Projection(StrEnum):
    """The projections from embeddings to points."""

    PCA = "PCA"
    UMAP = "UMAP"
    TSNE = "t-SNE"


LIMITS = {Projection.PCA: 100_000, Projection.UMAP: 2_000, Projection.TSNE: 1_000}
"""The most sentences for each projection; of more, a sample."""

_SMALLEST = {Projection.PCA: 1, Projection.UMAP: 6, Projection.TSNE: 5}


def project(vectors: Vectors, method: Projection) -> Vectors:
    """Project vectors `(N, H)` to points `(min(N, limit), 2)` float32; with too few sentences, PCA is used.

    Raises:
        StorageError: UMAP cannot be compiled, since no disk takes it.
    """
    vectors = np.nan_to_num(vectors[: LIMITS[method]])
    if not _suffices(vectors, method):
        method = Projection.PCA
    points = {Projection.PCA: _pca, Projection.UMAP: _umap, Projection.TSNE: _tsne}[method](vectors)
    return np.asarray(points, dtype=np.float32)


def used(vectors: Vectors, method: Projection) -> str:
    """A description of what `project` does with these vectors."""
    count, limit = len(vectors), LIMITS[method]
    if not _suffices(vectors, method):
        return f"PCA, since {method} needs at least {_SMALLEST[method]} different sentences"
    return f"{method} of {limit:,} of {count:,} sentences, a seeded sample" if count > limit else str(method)


def _suffices(vectors: Vectors, method: Projection) -> bool:
    """Whether there are enough different vectors for the method, judged by the first thousand."""
    least = _SMALLEST[method]
    return least <= 1 or len(np.unique(vectors[:1000], axis=0)) >= least


class Axes:
    """The first two principal axes of vectors `(N, H)` by scikit-learn, which makes their signs deterministic."""

    def __init__(self, vectors: Vectors) -> None:
        from sklearn.decomposition import PCA

        solver = "covariance_eigh" if len(vectors) > vectors.shape[1] else "full"  # the smaller matrix is faster
        self._pca = PCA(min(2, *vectors.shape), svd_solver=solver)
        with np.errstate(invalid="ignore", divide="ignore"):  # equal vectors have zero variance
            self._pca.fit(vectors)

    def points(self, vectors: Vectors) -> Vectors:
        """The points `(M, 2)` of vectors `(M, H)`; a missing axis is 0."""
        found = self._pca.transform(vectors)
        return np.asarray(np.pad(found, ((0, 0), (0, 2 - found.shape[1]))), dtype=np.float32)


def _pca(vectors: Vectors) -> Vectors:
    return Axes(vectors).points(vectors)


def _umap(vectors: Vectors) -> Vectors:
    neighbours = min(15, len(vectors) - 1)
    model = load_umap()(n_neighbors=neighbours, metric="cosine", random_state=_SEED, n_jobs=1, init="pca")
    try:
        return np.asarray(model.fit_transform(vectors))
    except OSError as error:  # its kernels are compiled when they are first needed
        raise StorageError(f"UMAP needs room on the disk: {error.strerror}; PCA needs none") from error


def _tsne(vectors: Vectors) -> Vectors:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(
        TSNE(perplexity=perplexity, metric="cosine", init="random", random_state=_SEED).fit_transform(vectors)
    )
