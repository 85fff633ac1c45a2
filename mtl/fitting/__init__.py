"""Linear heads on the features of a frozen encoder, fitted in a blink by L-BFGS.

A pool of texts is read once; after that a head for classes, sets of labels or spans is fitted, and its guesses for the
pool are made, in milliseconds. All of this is NumPy: torch is loaded only to read the states of words.

    from mtl.fitting import FitOptions, LabelledTexts, build_pool, fit_classes, fit_spans, guess_spans

    pool = build_pool(engine, texts, progress=lambda done, total: ...)         # up to 100,000 texts; kept on disk
    pool.vectors                                                               # (N, H), for maps and diversity

    topics = LabelledTexts(("sport", "travel"), {0: "travel", 7: "sport"})     # answers by position in the pool
    head = fit_classes(pool, topics, options=INTERACTIVE)
    head.probabilities(pool)                                                   # (N, C); give positions for some alone
    head = fit_classes(pool, more, options=INTERACTIVE, start=head)            # warm: what is new decides the time

    LabelledTexts(labels, {0: ("a", "b"), 3: ()}, multi_label=True)            # sets of labels

    pool = build_pool(engine, texts, words=True)                               # for spans
    spans = {0: [TypedSpan(0, 4, "PER")], 5: []}                               # all spans of each labelled text
    head = fit_spans(pool, spans, ("LOC", "PER"), options=INTERACTIVE, start=None)
    guesses = guess_spans(pool, head, positions)                               # entities, confidence, lowest marginal

    engine = mtl.fit_heads(engine, data)                                       # an engine like any other
    engine.save("folder")                                                      # an ordinary checkpoint
"""

from mtl.fitting.building import MOST_TEXTS, build_pool
from mtl.fitting.classes import INTERACTIVE, FitOptions, LabelledTexts, LinearHead, fit_classes
from mtl.fitting.pool import FeaturePool
from mtl.fitting.solving import Stopping
from mtl.fitting.spans import SpanGuesses, SpanHead, fit_spans, guess_spans

__all__ = [
    "INTERACTIVE",
    "MOST_TEXTS",
    "FeaturePool",
    "FitOptions",
    "LabelledTexts",
    "LinearHead",
    "SpanGuesses",
    "SpanHead",
    "Stopping",
    "build_pool",
    "fit_classes",
    "fit_spans",
    "guess_spans",
]
