"""Linear heads on the features of a frozen encoder, fitted by L-BFGS.

A pool of texts goes through the encoder once; after that a head for classes, sets of labels or spans is fitted, and its
guesses for the pool are made, in milliseconds. Both need NumPy and SciPy alone. torch is loaded for the states of
words, for `mtl.fit_heads`, and where the engine itself runs on it.

    from mtl.fitting import INTERACTIVE, LabelHint, LabelledTexts, build_pool, fit_classes, zero_shot_head

    pool = build_pool(engine, texts, progress=lambda done, total: ...)         # at most MOST_TEXTS; kept on disk
    pool.vectors                                                               # (N, H), for maps and diversity

    prior = zero_shot_head(engine, pool, [LabelHint("sport"), LabelHint("travel", "journeys and hotels")])
    prior.probabilities(pool)                                                  # (N, C) before anything is labelled

    topics = LabelledTexts(("sport", "travel"), {0: "travel", 7: "sport"})     # answers by position in the pool
    head = fit_classes(pool, topics, prior=prior)                              # helps most with few answers
    head.probabilities(pool)                                                   # (N, C); give positions for some alone
    head = fit_classes(pool, more, options=INTERACTIVE, start=head, prior=prior)   # warm, in some milliseconds

    LabelledTexts(labels, {0: ("a", "b"), 3: ()}, multi_label=True)            # sets of labels

    pool = build_pool(engine, texts, words=True)                               # for spans
    spans = {0: [TypedSpan(0, 4, "PER")], 5: []}                               # all spans of each labelled text
    head = fit_spans(pool, spans, ("LOC", "PER"))                              # then with INTERACTIVE and `start`
    guesses = guess_spans(pool, head, positions)                               # entities, confidence, lowest marginal

    engine = mtl.fit_heads(engine, data)                                       # an engine like any other
    engine.save("folder")                                                      # an ordinary checkpoint
"""

from mtl.fitting.building import MOST_TEXTS, build_pool
from mtl.fitting.classes import INTERACTIVE, FitOptions, LabelledTexts, LinearHead, fit_classes
from mtl.fitting.pool import FeaturePool
from mtl.fitting.solving import Stopping
from mtl.fitting.spans import SpanGuesses, SpanHead, fit_spans, fit_spans_near, guess_spans
from mtl.fitting.zero_shot import LabelHint, zero_shot_head

__all__ = [
    "INTERACTIVE",
    "MOST_TEXTS",
    "FeaturePool",
    "FitOptions",
    "LabelHint",
    "LabelledTexts",
    "LinearHead",
    "SpanGuesses",
    "SpanHead",
    "Stopping",
    "build_pool",
    "fit_classes",
    "fit_spans",
    "fit_spans_near",
    "guess_spans",
    "zero_shot_head",
]
