"""Labels of whole texts: guesses from the names of labels first, then a linear head on pooled vectors."""

from collections.abc import Sequence

import numpy as np

from mtl.decoding import chosen
from mtl.decoding.probabilities import Floats, logsumexp
from mtl.errors import DataError
from mtl.fitting import (
    INTERACTIVE,
    FeaturePool,
    FitOptions,
    LabelledTexts,
    LinearHead,
    Stopping,
    fit_classes,
    zero_shot_head,
)
from mtl.inference.engine import Engine
from mtl.labelling.cards import Guess
from mtl.labelling.learner import Answers, Signals, count_labels, rarity
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec
from mtl.text.batching import Integers

_LEAST = 1e-6  # of a threshold, and of what is above it
_FRESH = FitOptions(stopping=Stopping(iterations=60, gradient=1e-4, value=1e-6))


class ClassLearner:
    """Learns one label a text, or any number of them; as `Learner`.

    Args:
        engine: whose encoder has read the texts.
        pool: of their features.
        spec: the labels.
        own: names of heads of the engine that may be of this project, the best one first.
    """

    def __init__(self, engine: Engine, pool: FeaturePool, spec: ProjectSpec, *, own: Sequence[str] = ()) -> None:
        self._engine, self._pool, self._own = engine, pool, own
        self.head: LinearHead | None = None
        self.relabel(spec)

    @property
    def is_blank(self) -> bool:
        """As `Learner`."""
        return self.head is None

    def relabel(self, spec: ProjectSpec) -> None:
        """As `Learner`."""
        self._spec, self._counts = spec, np.zeros(len(spec.names), dtype=np.int64)
        self._learned = 0
        self._prior = first_head(self._engine, self._pool, spec, own=self._own) if spec.labels else None
        self._take(self._prior)

    def fit(self, answers: Answers) -> None:
        """As `Learner`."""
        if not self._spec.labels:
            return
        is_near = abs(len(answers) - self._learned) < 10 and self._learned > 0
        self._learned, self._counts = len(answers), count_labels(answers, self._spec.names)
        self._take(self._fitted(answers, start=self.head, options=INTERACTIVE if is_near else _FRESH))

    def candidates(self, open_texts: Integers) -> Integers:
        """As `Learner`: all of them."""
        return open_texts

    def signals(self, texts: Integers) -> Signals:
        """As `Learner`: the margin between the two best labels, or how near to its threshold each label is."""
        found, weight = self._probabilities[texts], rarity(self._counts)
        if self._spec.kind is ProjectKind.LABELS:
            open_share = self._doubts(found)
            return Signals(open_share.sum(axis=1), 0.1 + found @ weight)
        if found.shape[1] == 1:
            return Signals(np.ones(len(texts), np.float32), np.ones(len(texts), np.float32))
        best = np.partition(found, -2, axis=1)
        return Signals(1 - (best[:, -1] - best[:, -2]), weight[found.argmax(axis=1)])

    def doubt(self, text: int, *, rare: bool) -> str:
        """As `Learner`."""
        own, names = self._probabilities[text], self._spec.names
        if self._spec.kind is ProjectKind.LABELS:
            if rare:
                label = names[int((own * rarity(self._counts)).argmax())]
                return f"Few texts are labelled {label} so far, and this may be one."
            return f"The model is unsure whether it is {names[int(self._doubts(own).argmax())]}."
        order = np.argsort(-own, kind="stable")
        if rare:
            return f"Few texts are labelled {names[order[0]]} so far, and this may be one."
        if len(names) == 1:
            return "There is one label alone so far."
        return f"The model hesitates between {names[order[0]]} and {names[order[1]]}."

    def guesses(self, texts: Sequence[int]) -> list[Guess | None]:
        """As `Learner`."""
        if self.head is None:
            return [None] * len(texts)
        return list(_guesses(self.head, self._probabilities[np.asarray(texts, dtype=np.int64)]))

    def ranked(self, texts: Integers, label: str | None) -> Integers:
        """As `Learner`."""
        if self.head is None:
            return texts if label is None else texts[:0]
        found = self._probabilities[texts]
        is_set = self._spec.kind is ProjectKind.LABELS
        if label is None:
            score = _confidence(self.head, found)
        else:
            column = self.head.labels.index(label)
            score = found[:, column]
            has_it = score >= self.head.limits[column] if is_set else found.argmax(axis=1) == column
            texts, score = texts[has_it], score[has_it]
        ordered: Integers = texts[np.argsort(-score, kind="stable")]
        return ordered

    def held_out(self, stages: Sequence[Answers], texts: Sequence[Sequence[int]]) -> list[list[Guess]]:
        """As `Learner`; each stage begins where the one before has ended."""
        head, found = None, []
        for answers, own in zip(stages, texts, strict=True):
            head = self._fitted(answers, start=head, options=_FRESH)
            found.append(_guesses(head, head.probabilities(self._pool, np.asarray(own, dtype=np.int64))))
        return found

    def engine(self) -> Engine:
        """As `Learner`."""
        from mtl.fitting.attaching import attach_heads

        assert self.head is not None
        return attach_heads(self._engine, {self._spec.task: self.head})

    def _fitted(self, answers: Answers, *, start: LinearHead | None, options: FitOptions) -> LinearHead:
        is_set = self._spec.kind is ProjectKind.LABELS
        given = {text: _of_classes(answer) for text, answer in answers.items()}
        labelled = LabelledTexts(self._spec.names, given, is_set)
        return fit_classes(self._pool, labelled, options=options, start=start, prior=self._prior)

    def _doubts(self, found: Floats) -> Floats:
        """From probabilities `(..., C)` of labels how open each is: 1/2 at its threshold, 0 where it is sure."""
        assert self.head is not None
        limits = self.head.limits
        below, above = np.maximum(limits, _LEAST), np.maximum(1 - limits, _LEAST)
        doubts: Floats = (np.minimum(found / below, (1 - found) / above) / 2).astype(np.float32)
        return doubts

    def _take(self, head: LinearHead | None) -> None:
        self.head = head
        if head is not None:
            self._probabilities: Floats = head.probabilities(self._pool)


def first_head(engine: Engine, pool: FeaturePool, spec: ProjectSpec, *, own: Sequence[str] = ()) -> LinearHead:
    """What is known before any answer.

    It is the engine's first head of the `own` names that has all of the labels, as after a fine-tune, else one from
    what is said of the labels.
    """
    from_task = next((head for name in own if (head := _own_head(engine, spec, name)) is not None), None)
    if from_task is not None:
        return from_task
    head = zero_shot_head(engine, pool, spec.labels)
    return head if spec.kind is ProjectKind.CLASSES else _each_by_itself(head, pool)


def _own_head(engine: Engine, spec: ProjectSpec, name: str) -> LinearHead | None:
    task = engine.tasks.get(name)
    if task is None or not set(spec.names) <= set(task.labels):
        return None
    from mtl.fitting.attaching import linear_head

    head = linear_head(engine.loaded_model().model, name)
    is_set = spec.kind is ProjectKind.LABELS
    return head if isinstance(head, LinearHead) and head.multi_label == is_set else None


def _each_by_itself(head: LinearHead, pool: FeaturePool) -> LinearHead:
    """A head that tells labels apart as one that says of each whether it is there: against the others, on average."""
    logits = head.logits(pool.vectors)
    if logits.shape[1] == 1:
        return LinearHead(head.labels, head.weight, head.bias, multi_label=True)
    others = [logsumexp(np.delete(logits, column, axis=1), axis=1).mean() for column in range(logits.shape[1])]
    return LinearHead(head.labels, head.weight, (head.bias - np.array(others)).astype(np.float32), multi_label=True)


def _guesses(head: LinearHead, found: Floats) -> list[Guess]:
    """Of probabilities `(N, C)` of a head, whose labels may no longer be those of the project."""
    sure, guesses = _confidence(head, found).tolist(), []
    reached = chosen(found, head.thresholds).tolist() if head.multi_label else [[]] * len(found)
    for own, has, confidence in zip(found.tolist(), reached, sure, strict=True):
        shown = dict(zip(head.labels, own, strict=True))
        answer: Answer = max(shown, key=shown.__getitem__)
        if head.multi_label:
            answer = tuple(sorted(name for name, one in zip(head.labels, has, strict=True) if one))
        guesses.append(Guess(answer, confidence, shown))
    return guesses


def _confidence(head: LinearHead, found: Floats) -> Floats:
    """`(N,)`, that the best label is right, or that the whole set is."""
    if not head.multi_label:
        best: Floats = found.max(axis=1)
        return best
    sure: Floats = np.where(chosen(found, head.thresholds), found, 1 - found).prod(axis=1)
    return sure


def _of_classes(answer: Answer) -> str | tuple[str, ...]:
    if isinstance(answer, str):
        return answer
    names = tuple(one for one in answer if isinstance(one, str))
    if len(names) != len(answer):
        raise DataError("labels were expected, were spans")
    return names
