"""A session: cards, guesses, tables and previews of each kind of project."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mtl.data.examples import tagged
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.labelling import LabelHint, LabellingSession, Order, Reason, create_project, open_project
from mtl.labels import TypedSpan
from tests.mtl.labelling.specs import CLASSES, EACH, GOLD, LABELS, ODD, SPANS, label_all, spec, texts_of
from tests.tiny import EXACT, HIDDEN

pytestmark = pytest.mark.usefixtures("little_penalty")


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
@pytest.mark.parametrize("order", Order)
def test_every_text_comes_once_in_any_order_and_all_is_learned(new_session, kind, order):
    session = new_session(texts_of(kind), kind)
    shown = label_all(session, order=order)
    assert sorted(card.text for card in shown) == sorted(GOLD[kind])
    assert [card.counts.labelled for card in shown] == list(range(len(shown)))
    guesses = session.guesses()
    right = [guess.answer == GOLD[kind][text] for guess, text in zip(guesses, session.project.texts, strict=True)]
    assert np.mean(right) > 0.6
    assert {e.text for e in session.examples()} == set(GOLD[kind])


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_session_on_a_new_day_goes_on_where_the_last_one_ended(new_session, engine, kind):
    session = new_session(texts_of(kind) + ODD, kind)
    for _ in range(7):
        card = session.next_card("ann")
        session.answer("ann", card.number, GOLD[kind].get(card.text, kind_nothing(kind)))
    session.skip("ann", session.next_card("ann").number)
    again = LabellingSession.open(open_project(session.project.folder), engine)
    assert again.answers("ann") == session.answers("ann") and len(again.answers()) == 7
    assert again.next_card("ann").counts == session.next_card("ann").counts
    for one, other in zip(again.guesses(), session.guesses(), strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=0.1)


def kind_nothing(kind):
    return kind.names[0] if kind is CLASSES else ()


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_without_answers_labels_or_meaning_there_are_cards_all_the_same(new_session, kind):
    session = new_session(texts_of(kind)[:6], spec(kind.kind))
    card = session.next_card("ann")
    assert card.guess is None and card.answer is None and card.why.sentence
    assert session.table("ann").total == 6 and session.progress("ann").score is None
    with pytest.raises(InputError, match="A project with labels was expected"):
        session.engine()
    session.project.add_label(LabelHint(kind.names[0]))
    card = session.next_card("ann")
    assert (card.guess is None) == (kind is SPANS)  # the encoder has no head for spans
    session.answer("ann", card.number, kind_nothing(kind))
    assert session.next_card("ann").guess is not None
    assert session.progress("ann").answered == 1


def test_the_same_text_comes_until_it_is_answered_or_skipped(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    first = session.next_card("ann")
    assert session.next_card("ann") == first
    session.skip("ann", first.number)
    second = session.next_card("ann")
    assert second.number != first.number and second.counts.skipped == 1
    assert session.card("ann", first.number).is_skipped
    assert session.card("ann", second.number).why == second.why
    session.answer("ann", first.number, "film")
    assert session.card("ann", first.number).answer == "film" and not session.card("ann", first.number).is_skipped


def test_undo_of_each_kind_gives_the_card_of_before(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    assert session.undo("ann") is None
    session.answer("ann", 3, "film")
    session.answer("ann", 3, "bank")
    session.accept("ann", {5: "film", 6: "bank"})
    session.skip("ann", 7)
    session.answer("bo", 9, "river")
    card = session.undo("ann")
    assert (card.number, card.is_skipped) == (7, False)
    assert session.undo("ann").number == 5
    assert session.answers("ann") == {3: "bank"}
    assert (session.undo("ann").answer, session.undo("ann").answer) == ("film", None)
    assert session.undo("ann") is None and session.answers() == {9: "river"}


def test_a_card_by_chance_stays_one_when_it_comes_back_by_undo(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    card = session.next_card("ann", order=Order.RANDOM)
    session.answer("ann", card.number, "film")
    assert session.undo("ann").why.reason is Reason.MEASURED


def test_a_label_that_is_added_renamed_or_removed_changes_answers_and_guesses(new_session):
    session = new_session(texts_of(CLASSES), spec("classes", "bank", "film"))
    gold = GOLD[CLASSES]
    for text, name in enumerate(session.project.texts):
        if gold[name] != "river":
            session.answer("ann", text, gold[name])
    assert set(session.guesses([0])[0].probabilities) == {"bank", "film"}
    session.project.add_label(LabelHint("river", "water"))
    with pytest.raises(InputError, match="One of bank, film, river was expected"):
        session.answer("ann", 0, "moon")
    for text, name in enumerate(session.project.texts):
        if gold[name] == "river":
            session.answer("ann", text, "river")
    guess = session.guesses([session.project.texts.index("a good river in the moon")])[0]
    assert guess.answer == "river" and list(guess.probabilities) == ["bank", "film", "river"]
    session.project.rename_label("film", "movie")
    assert set(session.answers().values()) == {"bank", "movie", "river"}
    session.project.remove_label("bank")
    assert set(session.answers().values()) == {"movie", "river"}
    assert gold[session.next_card("ann").text] == "bank"
    session.project.add_label(LabelHint("bank"))
    assert session.next_card("ann") is None


def test_equal_texts_are_asked_once_and_each_row_is_an_example(new_session):
    session = new_session(["old film", "a river", " old film", "old film"], CLASSES)
    assert len(session.project.texts) == 2 and session.card("ann", 0).copies == 3
    session.answer("ann", 1, "river")
    session.answer("ann", 0, "film")
    assert [e.label for e in session.examples()] == ["film", "river", "film", "film"]


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_table_has_the_surest_texts_first_and_a_page_is_accepted_at_once(new_session, kind):
    session = new_session(texts_of(kind), kind)
    for _ in range(len(texts_of(kind)) // 2):
        card = session.next_card("ann")
        session.answer("ann", card.number, GOLD[kind][card.text])
    page = session.table("ann", size=2)
    assert page.pages == -(-page.total // 2) and page.total == session.next_card("ann").counts.total - len(
        session.answers()
    )
    rows = [row for at in range(page.pages) for row in session.table("ann", page=at, size=2).rows]
    sure = [row.guess.confidence for row in rows]
    assert sure == sorted(sure, reverse=True) and not {row.number for row in rows} & set(session.answers())
    assert session.table("ann", page=99, size=2).page == page.pages - 1
    labels = {name: session.table("ann", label=name, size=99) for name in kind.names}
    for name, one in labels.items():
        assert all(name in str(row.guess.answer) for row in one.rows)
    accepted = session.accept("ann", page.guesses())
    assert accepted == 2 and session.table("ann", size=2).total == page.total - 2
    session.undo("ann")
    assert session.table("ann", size=2).total == page.total


def test_nothing_of_a_page_is_kept_where_one_answer_is_wrong(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    with pytest.raises(InputError):
        session.accept("ann", {0: "film", 1: "moon"})
    assert session.accept("ann", {}) == 0 and not session.answers()


def test_a_preview_says_what_a_lasso_would_change(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    session.accept("ann", {0: "film", 1: "bank"})
    found = session.preview("ann", [0, 1, 2, 3, 3], "film")
    assert (found.added, found.same, found.changed) == ((2, 3), (0,), (1,))
    guesses = session.guesses()
    assert set(found.disagreeing) == {text for text in (2, 3) if guesses[text].answer != "film"}
    assert session.accept("ann", found.answers) == 3
    assert session.answers() == dict.fromkeys(range(4), "film")


def test_a_preview_for_sets_adds_the_label(new_session):
    session = new_session(texts_of(LABELS), LABELS)
    session.accept("ann", {0: ("film",), 1: ("bank", "praise")})
    found = session.preview("ann", [0, 1, 2], "praise")
    assert (found.added, found.same, found.changed) == ((2,), (1,), (0,))
    assert found.answers == {0: ("film", "praise"), 2: ("praise",)}
    with pytest.raises(InputError, match="this one is for spans"):
        new_session(texts_of(SPANS), SPANS).preview("ann", [0], "PER")


@pytest.mark.parametrize("text", [-1, 24, True, "0", None, 1.0])
def test_numbers_of_no_text_are_refused(new_session, text):
    session = new_session(texts_of(CLASSES), CLASSES)
    for ask in (
        lambda: session.card("ann", text),
        lambda: session.answer("ann", text, "film"),
        lambda: session.skip("ann", text),
        lambda: session.accept("ann", {text: "film"}),
        lambda: session.preview("ann", [text], "film"),
        lambda: session.guesses([text]),
    ):
        with pytest.raises(InputError, match="A text from 0 to 23 was expected"):
            ask()


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_the_engine_has_the_head_that_was_fitted_and_saves_it(new_session, kind, tmp_path):
    session = new_session(texts_of(kind), kind)
    label_all(session)
    folder = session.engine().save(tmp_path / "model")
    loaded = Engine.load(folder, **EXACT)
    texts = session.project.texts
    guesses = session.guesses()
    if kind is SPANS:
        found = [
            tuple(TypedSpan(e["start"], e["end"], e["entity_group"]) for e in one["topic"]) for one in loaded.tag(texts)
        ]
    else:
        found = [one.labels["topic"] for one in loaded.analyze(texts)]
        found = [one[0] for one in found] if kind is CLASSES else found
    assert found == [guess.answer for guess in guesses]


def test_examples_of_spans_are_read_as_they_were_given(new_session):
    session = new_session(["anna met tom\u200b", "paris"], SPANS)
    spans = (TypedSpan(0, 4, "PER"), TypedSpan(9, 12, "PER"))
    session.answer("ann", 0, spans[::-1])
    assert session.examples() == (tagged(session.project.texts[0], spans),)
    assert session.examples("nobody") == ()


def test_vectors_are_there_for_a_map(new_session):
    session = new_session(ODD, CLASSES)
    assert session.vectors().shape == (len(ODD), HIDDEN) and np.isfinite(session.vectors()).all()


def test_opening_tells_progress_and_can_be_stopped(engine, tmp_path):
    project = create_project(tmp_path, ["three new hotel", "one old"], CLASSES)

    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        LabellingSession.open(project, engine, progress=stop)
    told = []
    LabellingSession.open(project, engine, progress=lambda *both: told.append(both))
    assert told[-1] == (2, 2)


def test_projects_and_classes_are_read_without_torch():
    program = "import sys, mtl.labelling; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])
