"""How well cosines follow the scores, by SciPy."""

from collections.abc import Sequence

import numpy as np


def similarity_metrics(scores: Sequence[float], cosines: Sequence[float]) -> dict[str, float]:
    """`spearman_cosine` and `pearson_cosine`, -1 to 1; 0 where either side is constant."""
    from scipy.stats import pearsonr, spearmanr

    if len(scores) < 2 or np.ptp(scores) == 0 or np.ptp(cosines) == 0:
        return {"spearman_cosine": 0.0, "pearson_cosine": 0.0}
    return {
        "spearman_cosine": float(spearmanr(scores, cosines).statistic),
        "pearson_cosine": float(pearsonr(scores, cosines).statistic),
    }
