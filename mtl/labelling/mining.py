"""Pairs of texts that are worth a question: each text with its nearest ones, by the cosine of their embeddings."""

from collections.abc import Callable, Sequence

import numpy as np

from mtl.labelling.pairs import pair_numbers
from mtl.metrics.neighbours import Neighbours, Vectors
from mtl.text.batching import Integers

NEAREST = 10
"""Texts with which each text makes a pair."""
MOST_ASKED = 10_000
"""Texts whose nearest ones are looked for, by chance where there are more; the nearest may be any text."""
_BLOCK = 1_000


def sense_of(text: str) -> str:
    """What two texts have in common that nobody needs to compare: they differ in case or white space alone."""
    return " ".join(text.casefold().split())


def mine_pairs(texts: Sequence[str], vectors: Vectors, *, progress: Callable[[int, int], None]) -> Integers:
    """The numbers of the mined pairs, in ascending order, each once.

    Args:
        texts: N distinct texts.
        vectors: their embeddings `(N, H)`.
        progress: is told how many texts of how many have been asked for their nearest ones.
    """
    senses: dict[str, int] = {}
    sense = np.array([senses.setdefault(sense_of(text), len(senses)) for text in texts], dtype=np.int64)
    asked = np.sort(np.random.default_rng(0).permutation(len(texts))[:MOST_ASKED])
    search, found = Neighbours(vectors), [np.empty(0, dtype=np.int64)]
    for begin in range(0, len(asked), _BLOCK):
        rows = asked[begin : begin + _BLOCK]
        near = search.others(rows, count=NEAREST)
        pairs = np.stack([np.repeat(rows, near.shape[1]), near.ravel()], axis=1)
        pairs = pairs[sense[pairs[:, 0]] != sense[pairs[:, 1]]]
        found.append(pair_numbers(pairs))
        progress(min(begin + _BLOCK, len(asked)), len(asked))
    return np.unique(np.concatenate(found))
