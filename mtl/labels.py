"""Label sets in a stable order, and the BIO schemes of tagging."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.errors import DataError

OUTSIDE = "O"
ILLEGAL = -1.0e4
"""Score of a tag that must not begin a sequence, and of a tag that must not follow another one."""

DEFAULT_THRESHOLD = 0.5
"""The probability from which a label of a multi-label task is chosen, where no dev data have told a better one."""
POSITIVE_SCORE = 0.5
"""The score of a pair, of 0 to 1, from which its two sentences belong together."""


@dataclass(frozen=True, slots=True)
class TypedSpan:
    """A labelled stretch of a sequence or a text, `end` exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class TagSet:
    """The L tags of a tagging task: `O`, then `B-X`, `I-X` for each entity type in its stable order."""

    types: tuple[str, ...]

    @property
    def tags(self) -> tuple[str, ...]:
        """All tags; the index of a tag is its class."""
        return (OUTSIDE, *(f"{prefix}-{name}" for name in self.types for prefix in "BI"))

    def index(self) -> dict[str, int]:
        """From tag to class."""
        return {tag: i for i, tag in enumerate(self.tags)}

    def legal_starts(self) -> NDArray[np.bool_]:
        """`(L,)`: whether a sequence may begin with the tag."""
        return np.array([not tag.startswith("I-") for tag in self.tags])

    def legal_transitions(self) -> NDArray[np.bool_]:
        """`(L, L)`: whether the second tag may follow the first; `I-X` only follows `B-X` or `I-X`."""
        tags = self.tags
        return np.array([[not b.startswith("I-") or a[1:] == b[1:] for b in tags] for a in tags])


def stable_order(labels: Iterable[str]) -> tuple[str, ...]:
    """Distinct labels sorted by code point, so that the order of files and rows means nothing."""
    return tuple(sorted(set(labels)))


def split_tag(tag: str) -> tuple[str, str]:
    """Prefix and entity type of a tag of any scheme.

    Raises:
        DataError: the tag is neither `O` nor one of `B- I- E- S- L- U-` and a type that is not blank.
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, dash, name = tag.partition("-")
    if not dash or not name.strip() or prefix not in set("BIESLU"):
        raise DataError(f"a tag is O, B-TYPE or I-TYPE, was {tag!r}")
    return prefix, name


def to_bio2(tags: Sequence[str]) -> tuple[str, ...]:
    """Read IOB1, BIO2, BIOES or BILOU tags of one sentence as BIO2: every entity begins with `B-`.

    Raises:
        DataError: a tag is of no scheme.
    """
    result: list[str] = []
    previous = (OUTSIDE, "")
    for tag in tags:
        prefix, name = split_tag(tag)
        if prefix == OUTSIDE:
            result.append(OUTSIDE)
        else:
            ended = previous[0] in {OUTSIDE, "E", "S", "L", "U"} or previous[1] != name
            result.append(f"{'B' if prefix in {'B', 'S', 'U'} or ended else 'I'}-{name}")
        previous = (prefix, name)
    return tuple(result)


def spans_of(tags: Sequence[str]) -> tuple[TypedSpan, ...]:
    """The entities of legal BIO2 tags, in positions of the sequence."""
    spans: list[TypedSpan] = []
    start = -1
    for i, tag in enumerate([*tags, OUTSIDE]):
        if start >= 0 and not tag.startswith("I-"):
            spans.append(TypedSpan(start, i, tags[start][2:]))
            start = -1
        if tag.startswith("B-"):
            start = i
    return tuple(spans)


def tags_of(spans: Iterable[TypedSpan], length: int) -> tuple[str, ...]:
    """BIO2 tags of disjoint spans over a sequence of this length."""
    tags = [OUTSIDE] * length
    for span in spans:
        tags[span.start] = f"B-{span.label}"
        tags[span.start + 1 : span.end] = [f"I-{span.label}"] * (span.end - span.start - 1)
    return tuple(tags)
