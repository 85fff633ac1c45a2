"""Scores by models that have not seen what they are measured on: cross-fitting on texts that were drawn by chance."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtl.labelling.cards import Counts, Guess
from mtl.labelling.estimating import CURVE, Tally, curve_of, expected_after, interval
from mtl.labelling.groups import BrokenChain, SameAs
from mtl.labelling.learner import Answers, Learner
from mtl.labelling.pairs import pairs_of
from mtl.labelling.progress import AHEAD, Confusion, Contradiction, CurvePoint, Estimate, Metric, Progress
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec
from mtl.labels import TypedSpan

FOLDS = 5
LEAST = 5
"""Measured texts below which there is no score."""
_SURE = 0.8
_MOST_SHOWN = 50
_FLAT = 0.01  # of the score, for so many more answers
_ENOUGH = 30  # measured texts from which a curve may be called flat


@dataclass(frozen=True, eq=False)
class Work:
    """The answers of all people in their order, and which of the texts measure the model.

    `before` has how many answers are older than a label, for those that were added later.
    """

    spec: ProjectSpec
    answers: Answers
    measured: tuple[int, ...]
    before: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Measurement:
    """What is known of the model, whoever asks; as in `Progress`."""

    score: Estimate | None
    curve: tuple[CurvePoint, ...]
    ahead: Estimate | None
    confusions: tuple[Confusion, ...]
    contradictions: tuple[Contradiction, ...]
    chains: tuple[BrokenChain, ...] = ()


def measure(learner: Learner, work: Work) -> Measurement:
    """Fit a model for each fold and each number of answers of the curve, and look at what it was not told."""
    if len(work.answers) < 2 or not work.spec.labels:
        return Measurement(None, (), None, (), ())
    sizes = [size for size in (len(work.answers) * share // CURVE[-1] for share in CURVE) if size >= LEAST]
    sizes = sizes or [len(work.answers)]
    guesses: list[dict[int, Guess]] = [{} for _ in sizes]
    order, measured = list(work.answers), set(work.measured)
    for fold in _folds(order):
        held_out = set(fold)
        stages = [{t: work.answers[t] for t in order[:size] if t not in held_out} for size in sizes]
        texts = [[t for t in fold if t in measured] for _ in sizes[:-1]] + [list(fold)]
        for found, own, guessed in zip(guesses, texts, learner.held_out(stages, texts), strict=True):
            found.update(zip(own, guessed, strict=True))
    rows = list(work.measured)
    tallies = [Tally.of([(work.answers[t], found[t].answer) for t in rows]) for found in guesses]
    enough, is_pairs = len(rows) >= LEAST, work.spec.kind is ProjectKind.PAIRS
    return Measurement(
        score=interval(tallies[-1]) if enough else None,
        curve=curve_of(sizes, tallies) if enough else (),
        ahead=expected_after(sizes, tallies, more=AHEAD) if enough else None,
        confusions=confusions_of({t: (work.answers[t], guesses[-1][t].answer) for t in rows}),
        # A pair that is near and yet different is a hard negative, and no contradiction.
        contradictions=() if is_pairs else _contradictions(work.answers, guesses[-1]),
        chains=_chains(work.answers) if is_pairs else (),
    )


def progress_of(found: Measurement, counts: Counts, work: Work) -> Progress:
    """What a person sees of a measurement."""
    gain = None if found.ahead is None or found.score is None else found.ahead.value - found.score.value
    is_flat = gain is not None and gain < _FLAT and len(work.measured) >= _ENOUGH
    by_label = tuple(_texts_by_label(work.answers, work.spec.names))
    hint = _hint(found, work, gain=gain, is_flat=is_flat)
    metric = Metric.ACCURACY if work.spec.kind.has_one_label else Metric.F1
    return Progress(
        answered=counts.labelled,
        skipped=counts.skipped,
        total=counts.total,
        known=len(work.answers),
        measured=len(work.measured),
        by_label=by_label,
        metric=metric,
        score=found.score,
        curve=found.curve,
        ahead=found.ahead,
        is_flat=is_flat,
        hint=hint,
        confusions=found.confusions,
        contradictions=found.contradictions,
        chains=found.chains,
    )


def confusions_of(pairs: Mapping[int, tuple[Answer, Answer]]) -> tuple[Confusion, ...]:
    """What was taken for what, the most frequent first, from answer and guess of each text."""
    counts: Counter[tuple[str, str]] = Counter()
    texts: dict[tuple[str, str], list[int]] = {}
    for text, (given, guessed) in pairs.items():
        for pair in _confused(given, guessed):
            counts[pair] += 1
            if text not in texts.setdefault(pair, []):
                texts[pair].append(text)
    ordered = sorted(counts, key=lambda pair: (-counts[pair], pair))
    return tuple(Confusion(*pair, counts[pair], tuple(texts[pair][:_MOST_SHOWN])) for pair in ordered)


def _confused(given: Answer, guessed: Answer) -> Iterator[tuple[str, str]]:
    if isinstance(given, str) or isinstance(guessed, str):
        if given != guessed:
            yield str(given), str(guessed)
        return
    missed = [one for one in given if one not in guessed]
    wrong = [one for one in guessed if one not in given]
    for one in missed:
        other = next((w for w in wrong if _overlap(one, w)), None)
        if other is not None:
            wrong.remove(other)
        yield _label(one), "" if other is None else _label(other)
    for one in wrong:
        yield "", _label(one)


def _overlap(first: str | TypedSpan, second: str | TypedSpan) -> bool:
    if isinstance(first, str) or isinstance(second, str):
        return False
    return first.start < second.end and second.start < first.end


def _label(one: str | TypedSpan) -> str:
    return one if isinstance(one, str) else one.label


def _contradictions(answers: Answers, guesses: Mapping[int, Guess]) -> tuple[Contradiction, ...]:
    found = [
        Contradiction(text, answers[text], guess.answer, guess.confidence)
        for text, guess in guesses.items()
        if guess.confidence >= _SURE and guess.answer != answers[text]
    ]
    return tuple(sorted(found, key=lambda one: -one.confidence)[:_MOST_SHOWN])


def _chains(answers: Answers) -> tuple[BrokenChain, ...]:
    ends = pairs_of(np.fromiter(answers, dtype=np.int64))
    return SameAs(answers, int(ends.max()) + 1).denied_by(answers)


def _folds(texts: Sequence[int]) -> list[list[int]]:
    """Texts in folds of like size, by chance."""
    order: NDArray[np.int64] = np.random.default_rng(0).permutation(np.array(texts, dtype=np.int64))
    return [order[begin::FOLDS].tolist() for begin in range(min(FOLDS, len(texts)))]


def _texts_by_label(answers: Answers, names: Sequence[str]) -> list[tuple[str, int]]:
    """How many texts have each label."""
    counts: Counter[str] = Counter()
    for answer in answers.values():
        counts.update({answer} if isinstance(answer, str) else {_label(one) for one in answer})
    return [(name, counts[name]) for name in names]


def _hint(found: Measurement, work: Work, *, gain: float | None, is_flat: bool) -> str:
    if len(work.spec.names) < 2 and work.spec.kind is ProjectKind.CLASSES:
        return "Name at least two labels."
    noun = "pair" if work.spec.kind is ProjectKind.PAIRS else "text"
    if len(work.measured) < LEAST:
        missing = LEAST - len(work.measured)
        more = noun if missing == 1 else f"{noun}s"
        return f"A score needs {missing} more {more} drawn by chance; of the mix, one card in five is."
    rare = [name for name, count in _texts_by_label(work.answers, work.spec.names) if not count]
    if rare:
        return f"There is no {noun} yet with {rare[0]}."
    for label, count in work.before.items() if not work.spec.kind.has_one_label else ():
        were = f"{count:,} {noun} was" if count == 1 else f"{count:,} {noun}s were"
        return f"{were} labelled before there was {label}, and count as without it: answer again where it belongs."
    if found.chains:
        return "Some answers contradict each other: look at them below."
    if len(found.contradictions) > max(3, len(work.answers) // 20):
        return f"Look at the {len(found.contradictions)} texts whose labels contradict the others."
    if is_flat and gain is not None:
        return f"The curve is flat: {AHEAD} more labels would bring about {100 * max(0.0, gain):.1f} points."
    if gain is not None:
        return f"{AHEAD} more labels would bring about {100 * gain:.1f} points."
    return ""
