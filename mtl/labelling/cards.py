"""What a page shows of a project: frozen values, without anything of the model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtl.labelling.reasons import Why
from mtl.labelling.spec import Answer, ProjectKind
from mtl.labels import TypedSpan, stable_order


@dataclass(frozen=True, slots=True)
class Counts:
    """How far one person is: distinct texts `labelled` and `skipped` of `total`; only others have labelled `others`.

    `last` is the id of the action of this person that an undo would take back; empty where there is none.
    """

    labelled: int
    skipped: int
    others: int
    total: int
    last: str = ""


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A span that the model sees; `score` is the mean probability of its tags, 0 to 1."""

    start: int
    end: int
    label: str
    score: float

    def typed(self) -> TypedSpan:
        """The span alone."""
        return TypedSpan(self.start, self.end, self.label)


@dataclass(frozen=True, slots=True)
class Guess:
    """What the model thinks of a text.

    `answer` is what it would say; `confidence`, 0 to 1, the probability that all of that is right. `probabilities`
    have each label of the project in its order, and are empty for spans; `spans` are those of `answer` with scores.
    """

    answer: Answer
    confidence: float
    probabilities: Mapping[str, float]
    spans: tuple[ScoredSpan, ...] = ()


@dataclass(frozen=True, slots=True)
class PairCosine:
    """The cosine of two texts, and the one `at` which it is as probable that they mean the same as that they do not."""

    cosine: float
    at: float


@dataclass(frozen=True, slots=True)
class Card:
    """A text to be labelled, or a pair.

    `number` is that of the distinct text in the project, or of the pair; `copies` how many rows of the file it stands
    for. `answer` is what this person has said of it, None for nothing; `guess` is None while nothing is known of the
    labels. `other` and `cosine` are those of a pair.
    """

    number: int
    text: str
    copies: int
    answer: Answer | None
    is_skipped: bool
    guess: Guess | None
    why: Why
    counts: Counts
    other: str | None = None
    cosine: PairCosine | None = None


@dataclass(frozen=True, slots=True)
class TableRow:
    """A text or pair that nobody has labelled, with the model's guess; `other` and `cosine` are those of a pair."""

    number: int
    text: str
    guess: Guess | None
    other: str | None = None
    cosine: PairCosine | None = None


@dataclass(frozen=True, slots=True)
class TablePage:
    """Some rows of a table; `page` counts from 0, `total` rows are on `pages` pages."""

    rows: tuple[TableRow, ...]
    page: int
    pages: int
    total: int
    counts: Counts

    def guesses(self) -> dict[int, Answer]:
        """What `accept` takes for all rows that have a guess."""
        return {row.number: row.guess.answer for row in self.rows if row.guess is not None}


@dataclass(frozen=True, slots=True)
class Preview:
    """What it would mean to give some texts a label.

    `answers` is what `accept` takes for it. `added` texts have no answer yet, `same` have this one already, `changed`
    have another one; of this person, or else of the others. Of the added ones, the model sees another label in
    `disagreeing`, those first where it is surest.
    """

    answers: Mapping[int, Answer]
    added: tuple[int, ...]
    same: tuple[int, ...]
    changed: tuple[int, ...]
    disagreeing: tuple[int, ...]


def preview_of(
    label: str,
    texts: Sequence[int],
    *,
    given: Mapping[int, Answer],
    guesses: Mapping[int, Guess | None],
    kind: ProjectKind,
) -> Preview:
    """The preview of a label for texts, from the answers that are `given` and what the model guesses."""
    is_set = kind is ProjectKind.LABELS
    answers: dict[int, Answer] = {}
    for text in texts:
        before = given.get(text, ())
        kept = () if isinstance(before, str) else tuple(one for one in before if isinstance(one, str))
        answers[text] = stable_order((*kept, label)) if is_set else label
    same = tuple(text for text in texts if given.get(text) == answers[text])
    added = tuple(text for text in texts if text not in given)
    changed = tuple(text for text in texts if text in given and text not in same)
    against = {text: guess.confidence for text in added if (guess := guesses[text]) and not _has(guess, label)}
    disagreeing = tuple(sorted(against, key=lambda text: -against[text]))
    return Preview({text: answers[text] for text in (*added, *changed)}, added, same, changed, disagreeing)


def _has(guess: Guess, label: str) -> bool:
    return guess.answer == label if isinstance(guess.answer, str) else label in guess.answer
