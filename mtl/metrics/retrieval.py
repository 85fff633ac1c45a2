"""How well embeddings find the partner of a sentence: accuracy, mean reciprocal rank and average precision."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.metrics.neighbours import Vectors, unit_length

MOST_CANDIDATES = 10_000
"""Distinct second sentences that are searched, and first sentences that search; of more of them, the first ones."""
_AT_ONCE = 1 << 22  # cosines


@dataclass(frozen=True)
class LabelledPairs:
    """N pairs of sentences, and of each whether the two belong together."""

    firsts: Sequence[str]
    seconds: Sequence[str]
    positive: NDArray[np.bool_]


def retrieval_metrics(pairs: LabelledPairs, embeddings: Vectors) -> dict[str, float]:
    """Search the second sentences of all pairs for the partners of each first sentence that has one, by cosine.

    All partners of a sentence count as right. A sentence is no candidate for itself, unless it is its own partner. A
    wrong candidate that is as near as the nearest right one comes before it. Equal sentences count once. Memory does
    not grow with the number of pairs.

    Args:
        pairs: N pairs.
        embeddings: `(2N, H)`, those of a pair one after the other.

    Returns:
        `accuracy@1`, the share of sentences whose nearest candidate is right, and `mrr`, the mean of 1 / rank of the
        nearest right one; NaN where an embedding is not finite, empty where no pair is positive.
    """
    search = _search(pairs)
    if not search.rights:
        return {}
    candidates, queries = embeddings[2 * np.array(search.candidates) + 1], embeddings[2 * np.array(search.queries)]
    if not (np.isfinite(candidates).all() and np.isfinite(queries).all()):
        return {"accuracy@1": math.nan, "mrr": math.nan}
    found = unit_length(candidates).T
    chunk = max(1, _AT_ONCE // found.shape[1])
    ranks = [
        _ranks(unit_length(queries[begin : begin + chunk]) @ found, search, begin)
        for begin in range(0, len(queries), chunk)
    ]
    of_all = np.concatenate(ranks)
    return {"accuracy@1": float((of_all == 1).mean()), "mrr": float((1 / of_all).mean())}


def average_precision(positive: NDArray[np.bool_], cosines: Sequence[float]) -> float:
    """How well cosines rank positive pairs before others, as scikit-learn; NaN where a cosine is not finite.

    Args:
        positive: `(N,)`, of which at least one is.
        cosines: `(N,)`.
    """
    from sklearn.metrics import average_precision_score

    if not np.isfinite(cosines).all():
        return math.nan
    return float(average_precision_score(positive, cosines))


@dataclass(frozen=True)
class _Search:
    """The pairs at which candidates and queries come first, and which candidates of a query are right, or itself."""

    candidates: Sequence[int]
    queries: Sequence[int]
    rights: Sequence[Sequence[int]]
    selves: Sequence[int | None]


def _search(pairs: LabelledPairs) -> _Search:
    candidates: dict[str, int] = {}
    places: list[int] = []
    for row, text in enumerate(pairs.seconds):
        if text not in candidates and len(places) < MOST_CANDIDATES:
            candidates[text] = len(places)
            places.append(row)
    rights: dict[str, list[int]] = {}
    queries: list[int] = []
    for row in np.flatnonzero(pairs.positive).tolist():
        text, partner = pairs.firsts[row], candidates.get(pairs.seconds[row])
        if partner is None or (text not in rights and len(rights) == MOST_CANDIDATES):
            continue
        if text not in rights:
            rights[text] = []
            queries.append(row)
        rights[text].append(partner)
    return _Search(places, queries, list(rights.values()), [candidates.get(text) for text in rights])


def _ranks(cosines: Vectors, search: _Search, begin: int) -> NDArray[np.int64]:
    """The rank `(M,)` of the nearest right candidate of M queries from their cosines `(M, K)`, which are used up."""
    nearest = np.empty(len(cosines), dtype=cosines.dtype)
    for query, row in enumerate(cosines):
        rights, own = search.rights[begin + query], search.selves[begin + query]
        nearest[query] = row[rights].max()
        row[rights] = -np.inf
        if own is not None:
            row[own] = -np.inf
    before: NDArray[np.int64] = (cosines >= nearest[:, None]).sum(axis=1)
    return before + 1
