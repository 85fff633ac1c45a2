"""How far people who label the same texts agree."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from mtl.data.examples import tags_from_chars
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec
from mtl.labels import TypedSpan
from mtl.metrics.tagging import span_f1
from mtl.text import split_words


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A text of which two people say different things."""

    number: int
    first: Answer
    second: Answer


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Two people, the `texts` that both have labelled, and how far they agree.

    `kappa` is Cohen's: over texts for classes, over pairs, over each label of each text for sets of labels, over words
    for spans; None where both always say one and the same thing, for then nothing could have agreed by chance. `same`
    is the share of texts with equal answers, `f1` that of the spans of one against those of the other, None but for
    spans.
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


def agreement_of(
    texts: Sequence[str], given: Mapping[str, Mapping[int, Answer]], spec: ProjectSpec
) -> Agreement | None:
    """How far people agree, from what each says of texts; None where no two of them have a text in common."""
    pairs = []
    for first, second in combinations(sorted(given), 2):
        both = sorted(given[first].keys() & given[second].keys())
        if both:
            answers = {text: (given[first][text], given[second][text]) for text in both}
            pairs.append(_pair(first, second, answers, texts=texts, spec=spec))
    known = [pair.kappa for pair in pairs if pair.kappa is not None]
    return Agreement(tuple(pairs), sum(known) / len(known) if known else None) if pairs else None


def _pair(
    first: str,
    second: str,
    answers: Mapping[int, tuple[Answer, Answer]],
    *,
    texts: Sequence[str],
    spec: ProjectSpec,
) -> PairAgreement:
    differ = tuple(Disagreement(text, *both) for text, both in answers.items() if both[0] != both[1])
    decided = [pair for text, both in answers.items() for pair in _decisions(texts, text, both, spec=spec)]
    f1 = None
    if spec.kind is ProjectKind.SPANS:
        sides = ([_spans(both[side]) for both in answers.values()] for side in (0, 1))
        f1 = span_f1(*sides)["f1"] if any(any(both) for both in answers.values()) else None
    return PairAgreement(first, second, len(answers), _kappa(decided), 1 - len(differ) / len(answers), f1, differ)


def _kappa(decided: Sequence[tuple[str, str]]) -> float | None:
    if len({label for pair in decided for label in pair}) < 2:
        return None
    from sklearn.metrics import cohen_kappa_score

    return float(cohen_kappa_score(*zip(*decided, strict=True)))


def _decisions(
    texts: Sequence[str], number: int, both: tuple[Answer, Answer], *, spec: ProjectSpec
) -> Iterator[tuple[str, str]]:
    """What two people decided of a text or pair, each time what one and the other said."""
    first, second = both
    if spec.kind.has_one_label:
        yield str(first), str(second)
    elif spec.kind is ProjectKind.LABELS:
        yield from ((str(name in first), str(name in second)) for name in spec.names)
    else:
        words = split_words(texts[number])
        yield from zip(*(tags_from_chars(words, _spans(side)) for side in (first, second)), strict=True)


def _spans(answer: Answer) -> list[TypedSpan]:
    return [one for one in answer if isinstance(one, TypedSpan)]
