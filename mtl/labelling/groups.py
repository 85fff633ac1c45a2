"""Texts that mean the same by a chain of answers, the answers that deny it, and the pairs that make a group."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mtl.decoding.probabilities import Floats
from mtl.errors import InputError
from mtl.labelling.pairs import DIFFERENT, SAME, pair_number, pair_of, pairs_of
from mtl.labelling.spec import Answer
from mtl.metrics.neighbours import unit_length
from mtl.text.batching import Integers

MOST_IN_GROUP = 1_000
"""Texts of a lasso that can be made a group at once."""
_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class BrokenChain:
    """A pair `number` that is answered different, and `texts`, of which each is answered the same as the next.

    The first and the last of them are that pair.
    """

    number: int
    texts: tuple[int, ...]


class SameAs:
    """What follows from the answers `same` to pairs of N texts."""

    def __init__(self, answers: Mapping[int, Answer], count: int) -> None:
        from scipy.sparse import csr_matrix
        from scipy.sparse.csgraph import connected_components

        ends = pairs_of(_numbers(answers, SAME))
        self._links: Any = csr_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(count, count))
        found = connected_components(self._links, directed=False)[1]
        self.group: Integers = found.astype(np.int64)
        """`(N,)`: two texts have one number where a chain of answers joins them."""

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Texts that are joined, two or more in each group, the largest group first."""
        order = np.argsort(self.group, kind="stable")
        parts = np.split(order, np.flatnonzero(np.diff(self.group[order])) + 1)
        found = [tuple(part.tolist()) for part in parts if len(part) > 1]
        return tuple(sorted(found, key=lambda group: (-len(group), group)))

    def denied_by(self, answers: Mapping[int, Answer]) -> tuple[BrokenChain, ...]:
        """The pairs that are answered different although a chain of answers joins them, with its shortest one."""
        numbers = _numbers(answers, DIFFERENT)
        ends = pairs_of(numbers)
        joined = self.group[ends[:, 0]] == self.group[ends[:, 1]]
        found = zip(numbers[joined].tolist(), ends[joined].tolist(), strict=True)
        return tuple(BrokenChain(number, self._chain(*pair)) for number, pair in list(found)[:_MOST_SHOWN])

    def _chain(self, first: int, last: int) -> tuple[int, ...]:
        from scipy.sparse.csgraph import breadth_first_order

        before = breadth_first_order(self._links, first, directed=False)[1]
        chain = [last]
        while chain[-1] != first:
            chain.append(int(before[chain[-1]]))
        return tuple(reversed(chain))


def pairs_of_group(texts: Sequence[int], vectors: Floats, answers: Mapping[int, Answer]) -> tuple[int, ...]:
    """The pairs that make texts a group which means the same, as few as it takes.

    Each is one of the middle text, which is the nearest to all others, and another one, but for those that are joined
    by answers already. The pairs among all of these that are answered different are added, so that none denies the
    group.

    Args:
        texts: distinct numbers of the N texts.
        vectors: the embeddings `(N, H)`.
        answers: to pairs, so far.

    Raises:
        InputError: the texts are fewer than two, or too many.
    """
    if not 2 <= len(texts) <= MOST_IN_GROUP:
        raise InputError(f"2 to {MOST_IN_GROUP:,} texts were expected for a group, were {len(texts):,}.")
    same = SameAs(answers, len(vectors))
    unit = unit_length(np.nan_to_num(vectors[list(texts)]))
    center = int((unit @ unit.sum(axis=0)).argmax())
    middle = texts[center]
    joined, star = {int(same.group[middle])}, []
    for at in np.argsort(-(unit @ unit[center]), kind="stable"):
        own = int(same.group[texts[at]])
        if own not in joined:
            joined.add(own)
            star.append(pair_number(middle, texts[at]))
    denied = [
        number
        for number in _numbers(answers, DIFFERENT).tolist()
        if all(int(same.group[text]) in joined for text in pair_of(number))
    ]
    return tuple(dict.fromkeys((*star, *denied)))


def _numbers(answers: Mapping[int, Answer], wanted: str) -> Integers:
    return np.array([number for number, answer in answers.items() if answer == wanted], dtype=np.int64)
