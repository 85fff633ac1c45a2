"""The one door to a labelling project: cards, answers, table, map and progress."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from threading import Lock, RLock

import numpy as np

from mtl.data import Example
from mtl.data.answers import listed
from mtl.decoding.probabilities import Floats
from mtl.errors import InputError
from mtl.fitting import LinearHead, SpanHead
from mtl.inference.engine import Engine
from mtl.labelling.agreement import Agreement, agreement_of
from mtl.labelling.answers import Known, ProjectAnswers, check_number, check_text
from mtl.labelling.cards import Card, Counts, Guess, Preview, TablePage, TableRow, preview_of
from mtl.labelling.choosing import CHOSEN, MEASURED, Asked, Choice, measured_texts
from mtl.labelling.groups import SameAs, pairs_of_group
from mtl.labelling.learner import Learner
from mtl.labelling.log import ActionKind, checked_name
from mtl.labelling.measuring import Measurement, Work, measure, progress_of
from mtl.labelling.model import ProjectModel
from mtl.labelling.pair_learner import PairLearner
from mtl.labelling.pairs import SAME
from mtl.labelling.progress import Progress
from mtl.labelling.project import Project
from mtl.labelling.reasons import Order, Reason
from mtl.labelling.spec import Answer, ProjectKind
from mtl.labelling.writing import examples_of

_LOOKS_FOR = 600.0  # seconds in which a card that somebody was given is not given to others
_SHARED = "Somebody else has labelled it. Your answer shows how far you agree, so no guess is shown."


@dataclass(frozen=True, slots=True)
class _Shown:
    """What somebody was given last, by which order, and when on the clock of this process."""

    order: Order
    choice: Choice
    at: float = field(default_factory=time.monotonic)


def _not_shown(_done: int, _total: int) -> None:
    """Progress that is not shown."""


class LabellingSession:
    """A project with an encoder: an answer is on disk at once, and the model learns from it before the next card.

    Any number of threads may use one session, and any number of processes may each have one on the same project. An
    `annotator` is the name of a person, 1 to 40 characters; all that the people of a project have answered trains its
    one model, but each is asked, and can undo, by themselves. Numbers of texts are those of `Project.texts`; in a
    project for pairs, what is asked and answered are pairs by their numbers (`mtl.labelling.pairs`), which are mined
    from the embeddings.

    Attributes:
        project: whose texts are labelled.

    Every method raises InputError for a name, a number or an answer that cannot be, and StorageError where the disk
    is full; then nothing has changed.
    """

    def __init__(self, project: Project, model: ProjectModel) -> None:
        self.project = project
        self._model = model
        self._answers = ProjectAnswers(project)
        self._pending: dict[str, _Shown] = {}
        self._known: Known | None = None  # what the model has learned
        self._measured: tuple[Known, Measurement] | None = None
        self._disk = RLock()  # held for a moment, so that no answer waits for a fit
        self._fitting = RLock()
        self._measuring = Lock()

    @classmethod
    def open(
        cls, project: Project, engine: Engine, *, progress: Callable[[int, int], None] = _not_shown
    ) -> "LabellingSession":
        """Compute the features of all texts, or read them from an earlier time.

        Args:
            project: whose texts and answers are read.
            engine: whose encoder reads the texts; a head of the project's name, or of one under which its answers were
                handed over, that has its labels, or for spans any head that has some of its types, makes the first
                guesses.
            progress: is told how many windows of how many are done; what it raises ends the work.

        Raises:
            MtlError: the encoder cannot be loaded.
        """
        return cls(project, ProjectModel.of(project, engine, progress=progress))

    def use(self, engine: Engine, *, progress: Callable[[int, int], None] = _not_shown) -> None:
        """Go on with another engine, as after a fine-tune: its features, and the order by its head.

        Answers of before may be what it was trained on, so that only later ones measure it. Pairs are mined anew.
        """
        model = ProjectModel.of(self.project, engine, progress=progress)
        with self._fitting:
            self._model, self._known = model, None
            self._pending.clear()

    def next_card(self, annotator: str, *, order: Order = Order.MIX) -> Card | None:
        """The text to label next, with the guess of a model that knows all answers so far; None: all are labelled.

        Until it is answered or skipped, the same text comes again. It is none that somebody else has labelled, or has
        just been given by this session, but for one in five, drawn by chance: those are the same for all and so show
        how far people agree. One that somebody else has labelled comes without a guess, which would be their answer.
        """
        name = checked_name(annotator)
        with self._fitting:
            learner = self._learned()
            asked = self._asked(name)
            before = self._pending.get(name)
            if before is not None and before.order is order and self._may_stay(before.choice, asked):
                return self._card(name, before.choice)
            choice = self._model.queue.choose(learner, self._free(name, asked), order=order)
            if choice is None:
                self._pending.pop(name, None)
                return None
            self._pending[name] = _Shown(order, choice)
            return self._card(name, choice)

    def card(self, annotator: str, text: int) -> Card:
        """A named text, with the present answer."""
        name, text = checked_name(annotator), check_number(self.project, text)
        with self._fitting:
            self._learned()
            return self._card(name, self._shown(name, text) or Choice(text, CHOSEN))

    def answer(self, annotator: str, text: int, answer: Answer, *, reason: Reason | None = None) -> None:
        """Keep an answer, in place of one of before; it is on disk when this returns. It is learned at the next card.

        Args:
            annotator: who answers.
            text: its number.
            answer: by the kind of the project; spans in any order, they are widened to whole words.
            reason: of the card; by default that of the last card, where it was this text.
        """
        name, text = checked_name(annotator), check_number(self.project, text)
        with self._disk:
            self._answers.keep(name, {text: answer}, reason=reason or self._reason(name, text))

    def skip(self, annotator: str, text: int) -> None:
        """Leave a text out: it is not shown again, and has no answer."""
        name, text = checked_name(annotator), check_number(self.project, text)
        with self._disk:
            self._answers.skip(name, text, reason=self._reason(name, text))

    def last_id(self, annotator: str) -> str:
        """The id of the action of a person that `undo` would take back; empty where there is none."""
        with self._disk:
            self._answers.refresh()
            return self._answers.last_id(checked_name(annotator))

    def undo(self, annotator: str, *, last: str | None = None) -> Card | None:
        """Take back the last answer, skip or accepted page, and give the card of its first text; None: there is none.

        Called again, it goes back further.

        Args:
            annotator: whose.
            last: the id of that action, as `last_id`, so that nothing else is taken back; None for whatever is last.

        Raises:
            NotLastError: something else has been done since; as `UndoneError`, that has been taken back already.
        """
        name = checked_name(annotator)
        with self._disk:
            action = self._answers.undo(name, last)
        if action is None:
            return None
        with self._fitting:
            self._learned()
            why = MEASURED if action.reason is Reason.MEASURED else CHOSEN
            return self._card(name, Choice(action.texts[0], why))

    def table(self, annotator: str, *, label: str | None = None, page: int = 0, size: int = 20) -> TablePage:
        """Texts without an answer that this person has not skipped, those first of which the model is surest.

        Args:
            annotator: who looks.
            label: those for which the model's answer has this label, by its probability; None for all texts.
            page: from 0; one that is too high is the last.
            size: rows of a page.
        """
        name = checked_name(annotator)
        with self._fitting:
            learner = self._learned()
            if label is not None:
                self._need_label(label)
            texts = learner.ranked(self._model.queue.numbers[self._asked(name).open], label)
            pages = max(1, -(-len(texts) // max(1, size)))
            page = min(max(0, page), pages - 1)
            numbers = texts[page * max(1, size) : (page + 1) * max(1, size)].tolist()
            shown = zip(numbers, learner.guesses(numbers), strict=True)
            rows = tuple(self._row(text, guess) for text, guess in shown)
            counts = self._counts(name)
        return TablePage(rows, page, pages, len(texts), counts)

    def accept(self, annotator: str, answers: Mapping[int, Answer], *, replaces: bool = True) -> int:
        """Keep answers for many texts at once, all or none: a page of the table, or a lasso; gives their number.

        Args:
            annotator: who answers.
            answers: by the number of the text.
            replaces: whether texts count that have another answer by now, of this person or else of others, or that
                this person has skipped.
        """
        name = checked_name(annotator)
        given = {check_number(self.project, text): answer for text, answer in answers.items()}
        with self._disk:
            if not replaces:
                self._answers.refresh()
                now = {**self._answers.merged, **self._answers.of(name)}
                skipped = set(self._answers.person(name).skipped())
                given = {
                    text: answer
                    for text, answer in given.items()
                    if now.get(text, answer) == answer and text not in skipped
                }
            if given:
                self._answers.keep(name, given, reason=Reason.CHOSEN)
        return len(given)

    def preview(self, annotator: str, texts: Sequence[int], label: str) -> Preview:
        """What it would mean to give this label to these texts, or to add it for sets; not for spans.

        Of a project for pairs it is what makes these texts a group that means the same: `pairs_of_group`.
        """
        name, kind = checked_name(annotator), self.project.spec.kind
        if kind is ProjectKind.SPANS:
            raise InputError("A project for classes or sets of labels was expected, this one is for spans.")
        numbers = [check_text(self.project, text) for text in dict.fromkeys(texts)]
        with self._fitting:
            learner = self._learned()
            self._need_label(label)
            if kind is ProjectKind.PAIRS:
                if label != SAME:
                    raise InputError(f"The texts of a group are {SAME}, was {label}.")
                numbers = list(pairs_of_group(numbers, self._model.pool.vectors, self._answers.of(name)))
            guesses = dict(zip(numbers, learner.guesses(numbers), strict=True))
            given = {**self._answers.merged, **self._answers.of(name)}
        return preview_of(label, numbers, given=given, guesses=guesses, kind=kind)

    def vectors(self) -> Floats:
        """`(N, H)`, the vector of each text, for a map."""
        return self._model.pool.vectors

    def guesses(self, texts: Sequence[int] | None = None) -> tuple[Guess | None, ...]:
        """What the model thinks of all that may be shown, or of some texts or pairs."""
        every = self._model.queue.numbers.tolist() if texts is None else texts
        numbers = [check_number(self.project, text) for text in every]
        with self._fitting:
            return tuple(self._learned().guesses(numbers))

    def groups(self) -> tuple[tuple[int, ...], ...]:
        """Of a project for pairs: texts that a chain of answers makes the same, the largest group first."""
        return SameAs(self.answers(), len(self.project.texts)).groups() if self.project.of_pairs else ()

    def answers(self, annotator: str | None = None) -> Mapping[int, Answer]:
        """The answers of one person; of all together without a name, where the majority counts, then the latest."""
        with self._disk:
            self._answers.refresh()
            return dict(self._answers.merged if annotator is None else self._answers.of(checked_name(annotator)))

    def annotators(self) -> tuple[str, ...]:
        """Who has answered or skipped anything, by name."""
        with self._disk:
            self._answers.refresh()
            return self._answers.people

    def progress(self, annotator: str) -> Progress:
        """Score, learning curve, confusions and contradictions; takes up to some seconds where answers are new.

        The score is that of the one model, which all people train; the numbers of texts are those of this person.
        """
        name = checked_name(annotator)
        with self._measuring:
            with self._fitting:
                learner = self._learned()
                known = self._known
                assert known is not None
                work = self._work(known)
            if self._measured is None or self._measured[0] is not known:
                self._measured = (known, measure(learner, work))
            measured, counts = self._measured[1], self._counts(name)
        threshold = learner.threshold.at if isinstance(learner, PairLearner) else None
        return replace(progress_of(measured, counts, work), threshold=threshold)

    def agreement(self) -> Agreement | None:
        """How far people agree; None where no two of them have labelled the same text."""
        with self._disk:
            self._answers.refresh()
            given = {name: self._answers.of(name) for name in self._answers.people}
        return agreement_of(self.project.texts, given, self.project.spec)

    def examples(self, annotator: str | None = None) -> tuple[Example, ...]:
        """All answers as training examples, those of one person or of all together; equal rows each have one."""
        return examples_of(self.project, self.answers(annotator))

    def engine(self) -> Engine:
        """The engine with the fitted head in addition, named as the task: it saves as an ordinary checkpoint.

        Raises:
            InputError: there are no labels, or pairs are labelled, for which no head is fitted.
        """
        if not self.project.spec.labels:
            raise InputError("A project with labels was expected, this one has none.")
        with self._fitting:
            return self._learned().engine()

    def head(self) -> LinearHead | SpanHead | None:
        """The fitted head as arrays, for features of the same encoder; None while nothing is known of the labels."""
        with self._fitting:
            return self._learned().head

    def _learned(self) -> Learner:
        """The learner, which knows all answers that are on disk now; under the lock of fits."""
        learner = self._model.learner
        with self._disk:
            known = self._answers.refresh()
        before = self._known
        if before is not None and (before.state, before.spec) == (known.state, known.spec):
            return learner
        if self._model.spec != known.spec:
            learner.relabel(known.spec)
            self._model = replace(self._model, spec=known.spec)
            # Why the others were chosen may name a label that is gone.
            kept = {name: one for name, one in self._pending.items() if one.choice.why.reason is Reason.MEASURED}
            self._pending = kept
        learner.fit(known.answers)
        self._known = known
        return learner

    def _asked(self, name: str) -> Asked:
        with self._disk:
            return self._answers.asked(name, self._model.queue.numbers)

    def _free(self, name: str, asked: Asked) -> Asked:
        """What may be shown without what others are looking at, unless nothing else is left."""
        now = time.monotonic()
        others = [one for who, one in self._pending.items() if who != name and now - one.at < _LOOKS_FOR]
        taken = np.array([one.choice.text for one in others], dtype=np.int64)
        is_open = asked.open & ~np.isin(self._model.queue.numbers, taken)
        return replace(asked, open=is_open) if is_open.any() else asked

    def _counts(self, name: str) -> Counts:
        with self._disk:
            return self._answers.counts(name, self._model.queue.numbers)

    def _may_stay(self, choice: Choice, asked: Asked) -> bool:
        is_shared = choice.why.reason is Reason.MEASURED and asked.is_shared
        place = np.searchsorted(self._model.queue.numbers, choice.text)
        return bool((asked.unseen if is_shared else asked.open)[place])

    def _shown(self, name: str, text: int) -> Choice | None:
        """The choice that is being shown, where it is this text."""
        before = self._pending.get(name)
        return before.choice if before is not None and before.choice.text == text else None

    def _reason(self, name: str, text: int) -> Reason:
        return (self._shown(name, text) or Choice(text, CHOSEN)).why.reason

    def _card(self, name: str, choice: Choice) -> Card:
        text, why = choice.text, choice.why
        (guess,) = self._model.learner.guesses([text])
        with self._disk:
            answer, last = self._answers.of(name).get(text), self._answers.person(name).last(text)
            is_skipped = last is not None and last.kind is ActionKind.SKIP
            if answer is None and text in self._answers.merged:  # the model has learned what somebody else says
                guess, why = None, replace(why, sentence=_SHARED)
        row, counts = self._row(text, guess), self._counts(name)
        copies = 1 if self.project.of_pairs else len(self.project.rows[text])
        return Card(text, row.text, copies, answer, is_skipped, guess, why, counts, row.other, row.cosine)

    def _row(self, number: int, guess: Guess | None) -> TableRow:
        """A text or pair with what is known of it, under the lock of fits."""
        learner, texts = self._model.learner, self.project.texts_of(number)
        if not isinstance(learner, PairLearner):
            return TableRow(number, texts[0], guess)
        return TableRow(number, texts[0], guess, texts[1], learner.cosine_of(number))

    def _need_label(self, label: str) -> None:
        """Refuse a label that the model has not learned, under the lock of fits."""
        names = self._model.spec.names
        if label not in names:
            raise InputError(f"One of {listed(names)} was expected, was {str(label)[:40]!r}.")

    def _work(self, known: Known) -> Work:
        with self._disk:
            sample = measured_texts(self._model.queue.by_chance, self._answers.measured(), self._answers.touched())
            since = self._model.since
            measured = [text for text in sample if text in known.answers and self._answers.answered_at(text) >= since]
            before = self._answers.before_labels()
        return Work(known.spec, known.answers, tuple(measured), before)
