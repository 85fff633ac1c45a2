"""Spans: what the engine's own heads see first, then a linear head on the states of words."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np

from mtl.decoding import Entity, softmax
from mtl.decoding.probabilities import Floats
from mtl.fitting import (
    INTERACTIVE,
    FeaturePool,
    FitOptions,
    SpanGuesses,
    SpanHead,
    Stopping,
    fit_spans,
    fit_spans_near,
    guess_spans,
)
from mtl.fitting.spans import need_words
from mtl.inference.engine import Engine
from mtl.labelling.cards import Guess, ScoredSpan
from mtl.labelling.learner import MOST_WORDS, Answers, Signals, count_labels, rarity
from mtl.labelling.spec import ProjectSpec
from mtl.labels import TypedSpan
from mtl.recipe.choices import TaskKind
from mtl.text.batching import Integers

_FRESH = FitOptions(stopping=Stopping(iterations=60, gradient=1e-4, value=1e-6))
_TAUGHT = 300  # texts from which a head learns what the engine's own sees
_LONG = 64  # words; of a longer text what is unsure counts by this many words


class SpanLearner:
    """Learns entities; as `Learner`, arguments as those of `ClassLearner`."""

    def __init__(self, engine: Engine, pool: FeaturePool, spec: ProjectSpec, *, own: Sequence[str] = ()) -> None:
        self._own = own
        self._engine, self._pool, self._words = engine, pool, need_words(pool)
        self._sizes = np.diff(self._words.starts)
        self.head: SpanHead | None = None
        self._all: SpanGuesses | None = None
        self.relabel(spec)

    @property
    def is_blank(self) -> bool:
        """As `Learner`."""
        return self.head is None

    def relabel(self, spec: ProjectSpec) -> None:
        """As `Learner`."""
        self._spec, self._counts = spec, np.zeros(len(spec.names), dtype=np.int64)
        self._stale = np.full(len(self._pool), np.inf, dtype=np.float32)
        self._rounds, self._learned = 0, 0
        self._prior = self._from_engine() if spec.labels else None
        self._take(self._prior)

    def fit(self, answers: Answers) -> None:
        """As `Learner`."""
        if not self._spec.labels:
            return
        is_near = abs(len(answers) - self._learned) < 10 and self._learned > 0
        self._learned, self._counts = len(answers), count_labels(answers, self._spec.names)
        if not answers:
            self._take(self._prior)
            return
        self._take(self._fitted(answers, start=self.head, options=INTERACTIVE if is_near else _FRESH))

    def candidates(self, open_texts: Integers) -> Integers:
        """As `Learner`: half of them where the model was unsure before, half by chance."""
        self._rounds += 1
        chance = np.random.default_rng(self._rounds).permutation(open_texts)
        unsure = open_texts[np.argsort(-self._stale[open_texts], kind="stable")] if self._rounds > 1 else chance[:0]
        halves = [self._some(part) for part in (unsure, chance)]
        found: Integers = np.unique(np.concatenate(halves))
        return found

    def signals(self, texts: Integers) -> Signals:
        """As `Learner`: all that is unsure in a text, times the square root of the entities that are expected there."""
        if self.head is None:
            return Signals(np.ones(len(texts), np.float32), np.ones(len(texts), np.float32))
        found, unsure = self._word_probabilities(texts)
        begins = found[:, 1::2]
        entities, expected = self._added(begins.sum(axis=1), texts), self._added(begins @ rarity(self._counts), texts)
        shares = np.minimum(1, _LONG / np.maximum(self._sizes[texts], 1)).astype(np.float32)
        total = self._added(unsure, texts) * shares
        self._stale[texts] = total * np.sqrt(entities)
        rare: Floats = (expected / np.maximum(entities, 1e-6)).astype(np.float32)
        return Signals(self._stale[texts], rare)

    def doubt(self, text: int, *, rare: bool) -> str:
        """As `Learner`."""
        if self.head is None or not self._sizes[text]:
            return "Nothing is known of this text yet."
        found, unsure = self._word_probabilities(np.array([text]))
        if rare:
            label = self._spec.names[int((found[:, 1::2].sum(axis=0) * rarity(self._counts)).argmax())]
            return f"Few spans are labelled {label} so far, and one may be here."
        word = int(unsure.argmax())
        start, end = self._pool.text_words(text)[word]
        tags, best = self.head.tags.tags, np.argsort(-found[word], kind="stable")
        names = list(dict.fromkeys(tags[tag][2:] or "no span" for tag in best))
        between = f"hesitates between {names[0]} and {names[1]}" if len(names) > 1 else "is unsure"
        return f"The model {between} at “{self._pool.texts[text][start:end]}”."

    def guesses(self, texts: Sequence[int]) -> list[Guess | None]:
        """As `Learner`."""
        if self.head is None:
            return [None] * len(texts)
        return list(_guesses(guess_spans(self._pool, self.head, np.asarray(texts, dtype=np.int64))))

    def ranked(self, texts: Integers, label: str | None) -> Integers:
        """As `Learner`; takes seconds for many texts, once after each `fit`."""
        if self.head is None:
            return texts if label is None else texts[:0]
        if self._all is None:
            self._all = guess_spans(self._pool, self.head)
        if label is not None:
            sees = [any(one["entity_group"] == label for one in self._all.entities[text]) for text in texts.tolist()]
            texts = texts[np.array(sees, dtype=bool)]
        ordered: Integers = texts[np.argsort(-self._all.confidence[texts], kind="stable")]
        return ordered

    def held_out(self, stages: Sequence[Answers], texts: Sequence[Sequence[int]]) -> list[list[Guess]]:
        """As `Learner`; each stage begins where the one before has ended."""
        head, found = None, []
        for answers, own in zip(stages, texts, strict=True):
            head = self._fitted(answers, start=head, options=_FRESH)
            found.append(_guesses(guess_spans(self._pool, head, np.asarray(own, dtype=np.int64))))
        return found

    def engine(self) -> Engine:
        """As `Learner`."""
        from mtl.fitting.attaching import FittedSpans, attach_heads

        head = self.head or self._fitted({}, start=None, options=_FRESH)
        return attach_heads(self._engine, {self._spec.task: FittedSpans(head, self._words.mix)})

    def _fitted(self, answers: Answers, *, start: SpanHead | None, options: FitOptions) -> SpanHead:
        spans = {text: [one for one in own if isinstance(one, TypedSpan)] for text, own in answers.items()}
        if self._prior is None:
            return fit_spans(self._pool, spans, self._spec.names, options=options, start=start)
        return fit_spans_near(self._pool, spans, self._prior, options=options, start=start)

    def _take(self, head: SpanHead | None) -> None:
        self.head = head
        self._all = None

    def _from_engine(self) -> SpanHead | None:
        """A head that has learned what the engine's own head for spans sees, where it knows any of the types.

        A head of the project itself goes first, then the one with most of the types.
        """
        names = set(self._spec.names)
        tasks = {name: len(names & set(task.labels)) for name, task in self._engine.tasks.items()}
        known = [name for name, shared in tasks.items() if shared and self._engine.tasks[name].kind is TaskKind.TAGGING]
        if not known:
            return None
        own = next((name for name in self._own if name in known), None)
        best = own or max(known, key=tasks.__getitem__)
        spans = {text: _typed(found[best], names) for text, found in self._seen.items()}
        return fit_spans(self._pool, spans, self._spec.names, options=_FRESH)

    @cached_property
    def _seen(self) -> dict[int, dict[str, list[Entity]]]:
        """What the engine's heads see in some texts by chance."""
        texts = self._some(np.random.default_rng(0).permutation(len(self._pool))[:_TAUGHT]).tolist()
        return dict(zip(texts, self._engine.tag([self._pool.texts[text] for text in texts]), strict=True))

    def _some(self, texts: Integers) -> Integers:
        """The first texts, so many that they have at most half of `MOST_WORDS`, but one at least."""
        upto = np.searchsorted(np.cumsum(self._sizes[texts]), MOST_WORDS // 2, side="right")
        return texts[: max(1, int(upto))]

    def _word_probabilities(self, texts: Integers) -> tuple[Floats, Floats]:
        """Of the words of texts: the probability of each tag `(W, L)`, and that the best one is wrong `(W,)`."""
        assert self.head is not None
        found = softmax(self._words.values(self._words.words_of(texts)) @ self.head.weight + self.head.bias)
        return found, 1 - found.max(axis=1)

    def _added(self, values: Floats, texts: Integers) -> Floats:
        """`(R,)`: the sum over the words of each text."""
        sizes = self._sizes[texts]
        found = np.bincount(np.repeat(np.arange(len(texts)), sizes), weights=values, minlength=len(texts))
        return found.astype(np.float32)


def _guesses(found: SpanGuesses) -> list[Guess]:
    guesses = []
    for entities, confidence in zip(found.entities, found.confidence.tolist(), strict=True):
        spans = tuple(ScoredSpan(e["start"], e["end"], e["entity_group"], e["score"]) for e in entities)
        guesses.append(Guess(tuple(span.typed() for span in spans), confidence, {}, spans))
    return guesses


def _typed(entities: Sequence[Entity], names: set[str]) -> list[TypedSpan]:
    return [TypedSpan(e["start"], e["end"], e["entity_group"]) for e in entities if e["entity_group"] in names]
