"""Embeddings `(N, H)` as points `(N, 2)`, seeded; small and degenerate inputs included."""

from enum import StrEnum

import numpy as np

from mtl.metrics.neighbours import Vectors

_SEED = 42


class Projection(StrEnum):
    """How embeddings become points of a map."""

    PCA = "PCA"
    UMAP = "UMAP"
    TSNE = "t-SNE"


LIMITS = {Projection.PCA: 100_000, Projection.UMAP: 2_000, Projection.TSNE: 1_000}
"""How many sentences each projection takes; of more a sample is drawn."""

_SMALLEST = {Projection.PCA: 1, Projection.UMAP: 6, Projection.TSNE: 5}


def project(vectors: Vectors, method: Projection) -> Vectors:
    """Points `(min(N, limit), 2)` float32 of vectors `(N, H)`; methods that need more sentences give way to PCA."""
    vectors = np.nan_to_num(vectors[: LIMITS[method]])
    if not _suffices(vectors, method):
        method = Projection.PCA
    points = {Projection.PCA: _pca, Projection.UMAP: _umap, Projection.TSNE: _tsne}[method](vectors)
    return np.asarray(points, dtype=np.float32)


def used(vectors: Vectors, method: Projection) -> str:
    """What `project` does with these vectors, in words."""
    count, limit = len(vectors), LIMITS[method]
    if not _suffices(vectors, method):
        return f"PCA, since {method} needs at least {_SMALLEST[method]} different sentences"
    return f"{method} of {limit:,} of {count:,} sentences, a seeded sample" if count > limit else str(method)


def _suffices(vectors: Vectors, method: Projection) -> bool:
    """Whether there are as many different vectors as the method needs; the first thousand tell."""
    least = _SMALLEST[method]
    return least <= 1 or len(np.unique(vectors[:1000], axis=0)) >= least


class Axes:
    """The first two principal axes of vectors `(N, H)`, by scikit-learn, which fixes their signs."""

    def __init__(self, vectors: Vectors) -> None:
        from sklearn.decomposition import PCA

        solver = "covariance_eigh" if len(vectors) > vectors.shape[1] else "full"  # the small matrix is the faster one
        self._pca = PCA(min(2, *vectors.shape), svd_solver=solver)
        with np.errstate(invalid="ignore", divide="ignore"):  # equal vectors have no variance to divide by
            self._pca.fit(vectors)

    def points(self, vectors: Vectors) -> Vectors:
        """The points `(M, 2)` of vectors `(M, H)`; an axis that does not exist is 0."""
        found = self._pca.transform(vectors)
        return np.asarray(np.pad(found, ((0, 0), (0, 2 - found.shape[1]))), dtype=np.float32)


def _pca(vectors: Vectors) -> Vectors:
    return Axes(vectors).points(vectors)


def _umap(vectors: Vectors) -> Vectors:
    from umap import UMAP

    neighbours = min(15, len(vectors) - 1)
    model = UMAP(n_neighbors=neighbours, metric="cosine", random_state=_SEED, n_jobs=1, init="pca")
    return np.asarray(model.fit_transform(vectors))


def _tsne(vectors: Vectors) -> Vectors:
    from sklearn.manifold import TSNE

    perplexity = min(30.0, (len(vectors) - 1) / 3)
    return np.asarray(
        TSNE(perplexity=perplexity, metric="cosine", init="random", random_state=_SEED).fit_transform(vectors)
    )
