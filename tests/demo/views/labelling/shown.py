"""Values of a session for views."""

from mtl.labelling import (
    Answer,
    Card,
    Counts,
    Guess,
    LabelHint,
    PairCosine,
    ProjectKind,
    ProjectSpec,
    Reason,
    ScoredSpan,
    Why,
)

CLASSES = ProjectSpec("topic", ProjectKind.CLASSES, (LabelHint("<b>", "said"), LabelHint("travel")))
LABELS = ProjectSpec("topic", ProjectKind.LABELS, CLASSES.labels)
SPANS = ProjectSpec("names", ProjectKind.SPANS, (LabelHint("PER"), LabelHint("LOC")))
COUNTS = Counts(labelled=3, skipped=1, others=2, total=1_200)
TEXT = " Ann met <i>Bo</i> 😀 in Ulm. "
SURE = Guess("travel", 0.75, {"<b>": 0.25, "travel": 0.75})
SEEN = ScoredSpan(1, 4, "PER", 0.9)
MARKED = Guess((SEEN.typed(),), 0.6, {}, (SEEN,))


def card(*, answer: Answer | None = None, guess: Guess | None = None, copies: int = 1) -> Card:
    why = Why(Reason.UNSURE, "The model hesitates.")
    return Card(7, TEXT, copies, answer, False, guess, why, COUNTS)


PAIRS = ProjectSpec("meaning", ProjectKind.PAIRS, ())
LIKELY = Guess("same", 0.8, {"same": 0.8, "different": 0.2})


def pair(*, number: int = 0, answer: Answer | None = None) -> Card:
    why = Why(Reason.NEAR, "They are near.")
    cosine = PairCosine(0.831, 0.7)
    return Card(number, TEXT, 1, answer, False, LIKELY, why, COUNTS, "<i>other</i>", cosine)
