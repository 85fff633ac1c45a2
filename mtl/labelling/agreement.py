"""How far people who label the same texts agree."""

from dataclasses import dataclass

from mtl.labelling.spec import Answer


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A text of which two people say different things."""

    number: int
    first: Answer
    second: Answer


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people, the `texts` that both have labelled, and how far they agree.

    `kappa` is Cohen's: over texts for classes, over each label of each text for sets of labels, over words for spans;
    None where both always say one and the same thing, for then nothing could have agreed by chance. `same` is the share
    of texts with equal answers, `f1` that of the spans of one against those of the other, None but for spans.
    """

    first: str
    second: str
    texts: int
    kappa: float | None
    same: float
    f1: float | None
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Each pair of people with at least one text in common, and the mean kappa of the pairs that have one."""

    pairs: tuple[PairAgreement, ...]
    kappa: float | None
