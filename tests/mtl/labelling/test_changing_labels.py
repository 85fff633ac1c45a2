"""Labels that another window changes between two looks at them."""

import pytest

from mtl.errors import InputError
from mtl.fitting import LinearHead
from mtl.labelling import LabelHint, LabellingSession, open_project
from mtl.labelling.checking import checked_answer
from tests.mtl.labelling.specs import CLASSES, EACH, GOLD, LABELS


@pytest.fixture
def windows(new_session, engine):
    """A session, and the same project as another process has it."""

    def make(kind):
        session = new_session(list(GOLD[kind]), kind)
        return session, LabellingSession.open(open_project(session.project.folder), engine)

    return make


def meanwhile(monkeypatch, session, change):
    """Have the other window do something just before the session reads the answers of all people."""
    read, todo = session._answers._log.refresh, [change]

    def refresh():
        if todo:
            todo.pop()()
        read()

    monkeypatch.setattr(session._answers._log, "refresh", refresh)


def has(answer, label):
    return label in (answer if isinstance(answer, str) else [getattr(one, "label", one) for one in answer])


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_label_is_added_and_answered_while_the_next_card_is_looked_for(windows, monkeypatch, kind):
    session, other = windows(kind)
    first = kind.names[0]
    number, answer = next((i, GOLD[kind][t]) for i, t in enumerate(session.project.texts) if has(GOLD[kind][t], first))
    session.project.remove_label(first)
    session.next_card("ann")

    def change():
        other.project.add_label(LabelHint(first))
        other.answer("bo", number, answer)

    meanwhile(monkeypatch, session, change)
    card = session.next_card("ann")
    assert card.counts.others == 1 and session.answers() == {number: answer}


@pytest.mark.parametrize("call", ["table", "preview"])
def test_a_label_that_has_just_been_removed_is_refused_in_one_sentence(windows, monkeypatch, call):
    session, other = windows(CLASSES)
    meanwhile(monkeypatch, session, lambda: other.project.remove_label("film"))
    with pytest.raises(InputError, match="One of bank, river was expected, was 'film'"):
        session.table("ann", label="film") if call == "table" else session.preview("ann", [0], "film")


@pytest.mark.parametrize("kind", [CLASSES, LABELS], ids=lambda one: one.kind)
def test_an_answer_whose_label_is_renamed_or_removed_before_it_is_written_is_kept(windows, monkeypatch, kind):
    session, other = windows(kind)
    changes = [lambda: other.project.remove_label("film"), lambda: other.project.rename_label("bank", "moon")]

    def check(*values):
        found = checked_answer(*values)
        changes.pop()()
        return found

    monkeypatch.setattr("mtl.labelling.answers.checked_answer", check)
    for number, label in enumerate(("bank", "film")):
        session.answer("ann", number, label if kind is CLASSES else (label,))
    assert session.answers() == {0: "moon" if kind is CLASSES else ("moon",)}
    session.project.add_label(LabelHint("film"))
    assert session.answers()[1] == ("film" if kind is CLASSES else ("film",))


@pytest.mark.parametrize("kind", [CLASSES, LABELS], ids=lambda one: one.kind)
def test_labels_may_change_while_the_score_is_computed(windows, monkeypatch, kind):
    session, _ = windows(kind)
    for number, text in enumerate(session.project.texts):
        session.answer("ann", number, GOLD[kind][text])
    session.next_card("ann")
    learner, compute = session._model.learner, LinearHead.probabilities

    def computed(head, pool, texts=None):
        found = compute(head, pool, texts)
        if texts is not None and len(texts) and "moon" not in session.project.spec.names:
            session.project.add_label(LabelHint("moon"))
            learner.relabel(session.project.spec)
        return found

    monkeypatch.setattr(LinearHead, "probabilities", computed)
    assert session.progress("ann").answered == len(GOLD[kind])
    assert "moon" in session.guesses([0])[0].probabilities
