"""The one door to a labelling project: cards, answers, table, map and progress."""

from collections.abc import Callable, Mapping, Sequence

from mtl.data import Example
from mtl.decoding.probabilities import Floats
from mtl.inference.engine import Engine
from mtl.labelling.agreement import Agreement
from mtl.labelling.cards import Card, Guess, Preview, TablePage
from mtl.labelling.progress import Progress
from mtl.labelling.project import Project
from mtl.labelling.reasons import Order, Reason
from mtl.labelling.spec import Answer


def _not_shown(_done: int, _total: int) -> None:
    """Progress that is not shown."""


class LabellingSession:
    """A project with an encoder: an answer is on disk at once, and the model learns from it before the next card.

    Any number of threads may use one session, and any number of processes may each have one on the same project. An
    `annotator` is the name of a person, 1 to 40 characters; all that the people of a project have answered trains its
    one model, but each is asked, and can undo, by themselves. Numbers of texts are those of `Project.texts`.

    Every method raises InputError for a name, a number or an answer that cannot be, and StorageError where the disk
    is full; then nothing has changed.
    """

    project: Project

    @classmethod
    def open(
        cls, project: Project, engine: Engine, *, progress: Callable[[int, int], None] = _not_shown
    ) -> "LabellingSession":
        """Compute the features of all texts, or read them from an earlier time.

        Args:
            project: whose texts and answers are read.
            engine: whose encoder reads the texts; a head of the project's name, kind and labels makes the first
                guesses.
            progress: is told how many windows of how many are done; what it raises ends the work.

        Raises:
            MtlError: the encoder cannot be loaded.
        """
        raise NotImplementedError

    def next_card(self, annotator: str, *, order: Order = Order.MIX) -> Card | None:
        """The text to label next, with the guess of a model that knows all answers so far; None: all are labelled.

        Until it is answered or skipped, the same text comes again. It is none that somebody else has labelled, but for
        those that are drawn by chance, which are the same for all and so show how far people agree.
        """
        raise NotImplementedError

    def card(self, annotator: str, text: int) -> Card:
        """A named text, with the present answer."""
        raise NotImplementedError

    def answer(self, annotator: str, text: int, answer: Answer, *, reason: Reason | None = None) -> None:
        """Keep an answer, in place of one of before; it is on disk when this returns. It is learned at the next card.

        Args:
            annotator: who answers.
            text: its number.
            answer: by the kind of the project; spans are widened to whole words, in any order.
            reason: of the card.
        """
        raise NotImplementedError

    def skip(self, annotator: str, text: int) -> None:
        """Leave a text out: it is not shown again, and has no answer."""
        raise NotImplementedError

    def undo(self, annotator: str) -> Card | None:
        """Take back the last answer, skip or accepted page, and give the card of its first text; None: there is none.

        Called again, it goes back further.
        """
        raise NotImplementedError

    def table(self, annotator: str, *, label: str | None = None, page: int = 0, size: int = 20) -> TablePage:
        """Texts without an answer that this person has not skipped, those first of which the model is surest.

        Args:
            annotator: who looks.
            label: those for which the model's answer has this label, by its probability; None for all texts.
            page: from 0; one that is too high is the last.
            size: rows of a page.
        """
        raise NotImplementedError

    def accept(self, annotator: str, answers: Mapping[int, Answer]) -> int:
        """Keep answers for many texts at once, all or none: a page of the table, or a lasso; gives their number."""
        raise NotImplementedError

    def preview(self, annotator: str, texts: Sequence[int], label: str) -> Preview:
        """What it would mean to give this label to these texts, or to add it for sets; not for spans."""
        raise NotImplementedError

    def vectors(self) -> Floats:
        """`(N, H)`, the vector of each text, for a map."""
        raise NotImplementedError

    def guesses(self, texts: Sequence[int] | None = None) -> tuple[Guess | None, ...]:
        """What the model thinks of all texts, or of some."""
        raise NotImplementedError

    def answers(self, annotator: str | None = None) -> Mapping[int, Answer]:
        """The answers of one person; of all together without a name, where the majority counts, then the latest."""
        raise NotImplementedError

    def annotators(self) -> tuple[str, ...]:
        """Who has answered or skipped anything, by name."""
        raise NotImplementedError

    def progress(self, annotator: str) -> Progress:
        """Score, learning curve, confusions and contradictions; takes up to some seconds where answers are new."""
        raise NotImplementedError

    def agreement(self) -> Agreement | None:
        """How far people agree; None where no two of them have labelled the same text."""
        raise NotImplementedError

    def examples(self, annotator: str | None = None) -> tuple[Example, ...]:
        """All answers as training examples, those of one person or of all together; equal rows each have one."""
        raise NotImplementedError

    def engine(self) -> Engine:
        """The engine with the fitted head in addition, named as the task: it saves as an ordinary checkpoint.

        Raises:
            InputError: there are no labels.
        """
        raise NotImplementedError

    def use(self, engine: Engine, *, progress: Callable[[int, int], None] = _not_shown) -> None:
        """Go on with another engine, as after a fine-tune: its features, and the order by its head."""
        raise NotImplementedError
