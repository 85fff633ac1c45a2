"""Projects of each kind on the texts of `tests.mtl.fitting.examples`, with what a person would answer."""

from mtl.labelling import LabelHint, Order, ProjectKind, ProjectSpec
from tests.mtl.fitting import examples
from tests.mtl.fitting.examples import LONG


def spec(kind: str, *labels: str, task: str = "topic") -> ProjectSpec:
    return ProjectSpec(task, ProjectKind(kind), tuple(LabelHint(label) for label in labels))


CLASSES = spec("classes", "bank", "film", "river")
LABELS = spec("labels", "bank", "film", "praise", "river")
SPANS = spec("spans", "LOC", "PER")
GOLD = {
    CLASSES: {e.text: e.label for e in examples.classes()},
    LABELS: {e.text: e.labels for e in examples.sets()},
    SPANS: {e.text: e.char_spans() for e in examples.spans()},
}
EACH = (CLASSES, LABELS, SPANS)
ODD = ["👩‍👩‍👧 film", "שלום עולם", "x" * 10_000, LONG, "...", "two\nlines"]


def texts_of(kind):
    return list(GOLD[kind])


def label_all(session, name="ann", *, order=Order.MIX):
    gold = GOLD[session.project.spec]
    shown = []
    while (card := session.next_card(name, order=order)) is not None:
        shown.append(card)
        session.answer(name, card.number, gold[card.text])
    return shown
