"""Pairs of texts as numbers: each pair of two different texts, in whichever order, has one of its own."""

from math import isqrt

import numpy as np

from mtl.text.batching import Integers

SAME, DIFFERENT = "same", "different"
"""What is said of a pair."""


def pair_number(first: int, second: int) -> int:
    """The number of a pair: those of N texts have the numbers from 0 to N (N - 1) / 2 - 1.

    Raises:
        ValueError: a text is negative, or both are one text.
    """
    low, high = min(first, second), max(first, second)
    if low < 0 or low == high:
        raise ValueError("two different texts make a pair")
    return high * (high - 1) // 2 + low


def pair_of(number: int) -> tuple[int, int]:
    """The two texts of a pair, the lower number first."""
    high = (1 + isqrt(8 * number + 1)) // 2
    return number - high * (high - 1) // 2, high


def pair_count(texts: int) -> int:
    """How many pairs so many texts have."""
    return texts * (texts - 1) // 2


def pair_numbers(pairs: Integers) -> Integers:
    """The numbers `(M,)` of pairs `(M, 2)` of different texts."""
    low, high = pairs.min(axis=1), pairs.max(axis=1)
    found: Integers = high * (high - 1) // 2 + low
    return found


def pairs_of(numbers: Integers) -> Integers:
    """The texts `(M, 2)` of pairs `(M,)`, the lower number first; exact for up to 10 million texts."""
    numbers = np.asarray(numbers, dtype=np.int64)
    high = ((1 + np.sqrt(8.0 * numbers + 1)) / 2).astype(np.int64)
    high -= high * (high - 1) // 2 > numbers  # what rounding has put one too high, or too low
    high += high * (high + 1) // 2 <= numbers
    return np.stack([numbers - high * (high - 1) // 2, high], axis=1)
