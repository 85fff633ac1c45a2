"""Examples that are alike, found by 64-bit hashes: eight bytes an example, however long its texts are.

Other keys hardly ever have the same hash: among five million, once in a million runs.
"""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]


def hashes(keys: Iterable[Hashable]) -> Keys:
    """A hash of each key."""
    return np.fromiter(map(hash, keys), np.int64)


def firsts(keys: Keys) -> NDArray[np.int64]:
    """The position at which each distinct key comes first, in order."""
    return np.sort(np.unique(keys, return_index=True)[1])


def first_places(wanted: Keys, keys: Keys) -> NDArray[np.int64]:
    """Where each wanted key comes first among others, -1 for never."""
    known, places = np.unique(keys, return_index=True)
    if not len(known):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    found: NDArray[np.int64] = np.where(known[at] == wanted, places[at], -1)
    return found


@dataclass(frozen=True)
class Conflicts:
    """How many keys have several answers, and for the first of them where each of its answers comes first."""

    count: int
    first: tuple[int, ...]


def conflicts(keys: Keys, answers: Keys) -> Conflicts:
    """Keys with several answers, of examples `(N,)`."""
    order = np.lexsort((answers, keys))  # stable, so equal pairs stay in order
    sorted_keys, sorted_answers = keys[order], answers[order]
    new_key = np.append(True, sorted_keys[1:] != sorted_keys[:-1])[: len(keys)]
    new_pair = new_key | np.append(True, sorted_answers[1:] != sorted_answers[:-1])[: len(keys)]
    places, starts = order[new_pair], np.flatnonzero(new_key[new_pair])
    several = np.flatnonzero(np.diff(starts, append=len(places)) > 1)
    if not len(several):
        return Conflicts(0, ())
    chosen = several[np.argmin(np.minimum.reduceat(places, starts)[several])]
    end = starts[chosen + 1] if chosen + 1 < len(starts) else len(places)
    return Conflicts(len(several), tuple(np.sort(places[starts[chosen] : end]).tolist()))
