import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from mtl.data.examples import tagged
from mtl.errors import InputError
from mtl.fitting import FitOptions, Stopping
from mtl.inference import Engine
from mtl.labelling import LabelHint, LabellingSession, Order, Reason, create_project, open_project
from mtl.labelling.answers import ProjectAnswers
from mtl.labelling.engines import note_hand_over
from mtl.labels import TypedSpan
from tests.mtl.fitting.examples import LONG
from tests.mtl.labelling.specs import CLASSES, EACH, GOLD, LABELS, SPANS, spec
from tests.mtl.processes import exit_code, start
from tests.tiny import EXACT, HIDDEN

ODD = ["👩‍👩‍👧 film", "שלום עולם", "x" * 10_000, LONG, "...", "two\nlines"]


@pytest.fixture(autouse=True)
def little_penalty(monkeypatch):
    """Vectors of a random encoder tell little, so that heads must lean on them."""
    for module in ("class_learner", "span_learner"):
        for name in ("INTERACTIVE", "_FRESH"):
            options = FitOptions(l2=0.02, stopping=Stopping(60))
            monkeypatch.setattr(f"mtl.labelling.{module}.{name}", options)


def texts_of(kind):
    return list(GOLD[kind])


def label_all(session, name="ann", *, order=Order.MIX):
    gold = GOLD[session.project.spec]
    shown = []
    while (card := session.next_card(name, order=order)) is not None:
        shown.append(card)
        session.answer(name, card.number, gold[card.text])
    return shown


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


def test_two_people_share_the_work_but_for_texts_by_chance_and_all_learn(new_session, engine):
    session = new_session(texts_of(CLASSES), CLASSES)
    other = LabellingSession.open(open_project(session.project.folder), engine)
    shown = {"ann": set(), "bo": set()}
    for _ in range(10):
        for name, own in (("ann", session), ("bo", other)):
            card = own.next_card(name)
            shown[name].add(card.number)
            own.answer(name, card.number, GOLD[CLASSES][card.text], reason=card.why.reason)
    assert len(shown["ann"]) == len(shown["bo"]) == 10
    both = len(shown["ann"] & shown["bo"])
    assert 2 <= both <= 4  # the two by chance are the same; one of them may have shown the other's for another reason
    assert session.annotators() == other.annotators() == ("ann", "bo")
    assert session.answers() == other.answers() and len(session.answers()) == 20 - both
    assert (other.agreement().pairs[0].texts, other.agreement().pairs[0].same) == (both, 1)
    assert session.next_card("ann").counts.others == 10 - both


def test_the_answer_of_most_people_counts_then_the_latest(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    session.answer("ann", 0, "film")
    session.answer("bo", 0, "bank")
    assert session.answers() == {0: "bank"} and session.answers("ann") == {0: "film"}
    session.answer("cy", 0, "film")
    session.answer("bo", 0, "bank")
    assert session.answers() == {0: "film"}


def answer_some(folder, texts):
    engine = None
    session = LabellingSession(open_project(folder), engine)
    for text in texts:
        session.answer("ann", text, "film")


def test_processes_of_one_person_do_not_overwrite_each_other(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    parts = [range(0, 8), range(8, 16)]
    children = [start(answer_some, session.project.folder, part) for part in parts]
    assert [exit_code(child) for child in children] == [0, 0]
    assert session.answers("ann") == {text: "film" for text in range(16)}


def test_threads_may_ask_and_answer_at_once(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    errors = []

    def work(name):
        try:
            for _ in range(6):
                card = session.next_card(name)
                session.answer(name, card.number, GOLD[CLASSES][card.text])
                session.table(name)
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    threads = [Thread(target=work, args=(name,)) for name in ("ann", "bo", "ann")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors and session.answers()


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


@pytest.fixture
def careful(new_session):
    """An engine whose own head for sets of labels has a threshold for each, high for two of them and low for two."""
    session = new_session(texts_of(LABELS), LABELS)
    label_all(session)
    loaded = session.engine().loaded_model()
    loaded.model.tasks["topic"] = replace(loaded.model.tasks["topic"], thresholds=(0.9, 0.1, 0.02, 0.8))
    return Engine.of(loaded, name="careful")


def test_the_thresholds_of_an_own_head_choose_its_guesses_on_every_way_of_labelling(careful, tmp_path):
    project = create_project(tmp_path / "again", texts_of(LABELS), LABELS)
    session = LabellingSession.open(project, careful)
    expected = [tuple(sorted(one.labels["topic"])) for one in careful.analyze(project.texts)]
    guesses = session.guesses()
    assert [guess.answer for guess in guesses] == expected
    assert expected != [tuple(k for k, p in guess.probabilities.items() if p >= 0.5) for guess in guesses]
    for label in LABELS.names:
        rows = session.table("ann", label=label, size=99).rows
        assert {row.text for row in rows} == {t for t, own in zip(project.texts, expected, strict=True) if label in own}
    for guess in guesses:
        right = [p if name in guess.answer else 1 - p for name, p in guess.probabilities.items()]
        assert guess.confidence == pytest.approx(np.prod(right), abs=1e-5)


def test_the_thresholds_stay_while_answers_are_learned_measured_and_saved(careful, tmp_path):
    project = create_project(tmp_path / "again", texts_of(LABELS), LABELS)
    session = LabellingSession.open(project, careful)
    for number in range(0, len(project.texts), 2):
        session.answer("ann", number, GOLD[LABELS][project.texts[number]])
    saved = Engine.load(session.engine().save(tmp_path / "model"), **EXACT)
    assert saved.tasks["topic"].thresholds == (0.9, 0.1, 0.02, 0.8)
    found = [tuple(sorted(one.labels["topic"])) for one in saved.analyze(project.texts)]
    assert found == [guess.answer for guess in session.guesses()]
    learner = session._model.learner
    (held_out,) = learner.held_out([{}], [range(len(project.texts))])
    assert [g.answer for g in held_out] == [tuple(sorted(a.labels["topic"])) for a in careful.analyze(project.texts)]
    limits, chances = np.array([0.9, 0.1, 0.02, 0.8]), np.array(list(session.guesses([1])[0].probabilities.values()))
    doubts = np.minimum(chances / limits, (1 - chances) / (1 - limits)) / 2
    assert learner.doubt(1, rare=False) == f"The model is unsure whether it is {LABELS.names[int(doubts.argmax())]}."


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_fine_tuned_engine_makes_the_first_guesses_and_is_measured_by_later_answers_alone(new_session, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session, order=Order.RANDOM)
    assert session.progress("ann").measured == len(GOLD[kind])
    session.use(session.engine())
    assert session.progress("ann").measured == 0
    fresh = new_session(texts_of(kind), kind)
    np.testing.assert_allclose(fresh.vectors(), session.vectors(), atol=2e-3)
    other = LabellingSession.open(fresh.project, session.engine())
    right = [g.answer == GOLD[kind][text] for g, text in zip(other.guesses(), other.project.texts, strict=True)]
    assert np.mean(right) > 0.6


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_head_trained_under_the_name_of_a_hand_over_is_measured_by_later_answers_alone(
    new_session, engine, tmp_path, kind
):
    session = new_session(texts_of(kind), kind)
    label_all(session, order=Order.RANDOM)
    note_hand_over(session.project.folder, "topic_2")
    renamed = create_project(tmp_path / "renamed", texts_of(kind), replace(kind, task="topic_2"))
    trained = LabellingSession.open(renamed, engine)
    trained.accept("bo", session.answers())
    session.use(trained.engine())
    assert session.progress("ann").measured == 0
    session.use(engine)
    assert session.progress("ann").measured == len(GOLD[kind])


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_the_head_of_a_hand_over_makes_the_first_guesses(new_session, tmp_path, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session)
    fresh = create_project(tmp_path / "fresh", texts_of(kind), replace(kind, task="other-name"))
    note_hand_over(fresh.folder, "topic")
    other = LabellingSession.open(fresh, session.engine())
    right = [g.answer == GOLD[kind][text] for g, text in zip(other.guesses(), fresh.texts, strict=True)]
    assert np.mean(right) > 0.6


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


def test_answers_do_not_wait_for_a_fit(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    with session._fitting:
        thread = Thread(target=session.answer, args=("ann", 0, "film"))
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert session.answers() == {0: "film"}


def test_projects_and_classes_are_read_without_torch():
    program = "import sys, mtl.labelling; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])


def test_an_own_head_for_spans_of_other_names_makes_first_guesses(new_session, tmp_path):
    texts = texts_of(SPANS)
    session = new_session(texts, SPANS)
    label_all(session)
    project = create_project(tmp_path / "other", texts, spec("spans", "PER", "ORG", task="people"))
    other = LabellingSession.open(project, session.engine())
    labels = {span.label for guess in other.guesses() for span in guess.answer}
    assert labels == {"PER"}
    project.add_label(LabelHint("LOC"))
    assert {span.label for guess in other.guesses() for span in guess.answer} == {"PER", "LOC"}


def test_what_is_asked_twice_is_done_once_and_undone_by_one_undo(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    for _ in range(2):
        session.answer("ann", 3, "bank")
    for _ in range(2):
        session.accept("ann", {1: "bank", 2: "film"})
    for _ in range(2):
        session.skip("ann", 0)
    session.undo("ann")
    session.undo("ann")
    assert session.answers("ann") == {3: "bank"}
    session.undo("ann")
    session.answer("ann", 3, "bank")  # taken back, so it is new
    assert session.answers("ann") == {3: "bank"}
    assert session.undo("bo") is None


@pytest.mark.parametrize("again", ["answer", "skip"])
def test_what_another_process_has_taken_back_can_be_done_again(tmp_path, again):
    project = create_project(tmp_path, ODD, CLASSES)
    here, there = ProjectAnswers(project), ProjectAnswers(open_project(project.folder))

    def do():
        if again == "answer":
            here.keep("ann", {1: "bank"}, reason=Reason.CHOSEN)
        else:
            here.skip("ann", 1, reason=Reason.CHOSEN)

    do()
    there.refresh()
    there.undo("ann")
    do()
    there.refresh()
    person = there.person("ann")
    assert (person.answered(), person.skipped()) == (([1], []) if again == "answer" else ([], [1]))
    do()  # which is known by now
    there.refresh()
    assert len(there.person("ann").actions) == 1
