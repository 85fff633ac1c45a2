"""Metrics of embeddings: how well cosines follow scores, and how far an embedding has moved from where it was."""

import math
from collections.abc import Sequence

import numpy as np

from mtl.metrics.neighbours import Neighbours, Vectors, share_kept, unit_length


def similarity_metrics(scores: Sequence[float], cosines: Sequence[float]) -> dict[str, float]:
    """`spearman_cosine` and `pearson_cosine`, -1 to 1; 0 where either side is constant."""
    from scipy.stats import pearsonr, spearmanr

    if len(scores) < 2 or np.ptp(scores) == 0 or np.ptp(cosines) == 0:
        return {"spearman_cosine": 0.0, "pearson_cosine": 0.0}
    return {
        "spearman_cosine": float(spearmanr(scores, cosines).statistic),
        "pearson_cosine": float(pearsonr(scores, cosines).statistic),
    }


def embedding_metrics(before: Vectors, after: Vectors, *, neighbours: int = 10) -> dict[str, float]:
    """Compare embeddings `(N, H)` of the same N sentences.

    Returns:
        `drift`: 1 minus the mean cosine of each sentence with itself, 0 if nothing moved. `neighbour_overlap`: the mean
        share of the nearest `neighbours` by cosine that stayed (of all others, if they are fewer), 1 if all stayed.
        Both are NaN where an embedding is not finite.
    """
    if not (np.isfinite(before).all() and np.isfinite(after).all()):
        return {"drift": math.nan, "neighbour_overlap": math.nan}
    drift = 1.0 - float((unit_length(before) * unit_length(after)).sum(axis=1).mean())
    rows = np.arange(len(before))
    first, second = (Neighbours(vectors).others(rows, count=neighbours) for vectors in (before, after))
    return {"drift": max(0.0, drift), "neighbour_overlap": float(share_kept(first, second).mean())}
