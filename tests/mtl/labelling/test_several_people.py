"""Two people on one project: what each is shown, and what their answers measure."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from mtl.errors import NotLastError, StorageError, UndoneError
from mtl.labelling import LabelHint, LabellingSession, Order, Reason, create_project, log
from mtl.labelling import answers as answers_module
from mtl.labelling import session as session_module
from mtl.labelling.choosing import MEASURED_EVERY
from mtl.labelling.engines import note_download
from mtl.labelling.log import AnswerLog
from tests.mtl.labelling.specs import CLASSES, EACH, GOLD, LABELS, SPANS, label_all, texts_of

pytestmark = pytest.mark.usefixtures("little_penalty")


def take_turns(session, rounds: int, *, order=Order.MIX) -> list[tuple]:
    """What two people are shown who answer at the same time."""
    gold, shown = GOLD[session.project.spec], []
    for _ in range(rounds):
        cards = [session.next_card(name, order=order) for name in ("ann", "bo")]
        shown.append(tuple(cards))
        for name, card in zip(("ann", "bo"), cards, strict=True):
            session.answer(name, card.number, gold[card.text])
    return shown


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
@pytest.mark.parametrize("order", [Order.MIX, Order.RANDOM, Order.DENSE])
def test_two_who_work_at_once_are_shown_different_texts(new_session, kind, order):
    session = new_session(texts_of(kind), kind)
    rounds = MEASURED_EVERY - 1
    shown = take_turns(session, rounds, order=order)
    assert len({card.number for pair in shown for card in pair}) == 2 * rounds
    assert session.agreement() is None
    if order is not Order.DENSE:
        (shared,) = take_turns(session, 1, order=order)
        assert order is Order.MIX or [card.guess for card in shared] == [None, None]
        assert session.agreement() is not None


def test_who_has_gone_holds_no_text(new_session, monkeypatch):
    session = new_session(texts_of(CLASSES), CLASSES)
    left = session.next_card("ann").number
    assert session.next_card("bo").number != left
    monkeypatch.setattr(session_module, "_LOOKS_FOR", 0.0)
    assert session.next_card("cy").number == left


def test_the_last_text_is_shown_to_all(new_session):
    session = new_session(texts_of(CLASSES)[:1], CLASSES)
    assert session.next_card("ann").number == session.next_card("bo").number == 0


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_text_that_somebody_else_has_labelled_comes_without_their_answer(new_session, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session)
    text = session.project.texts[3]
    card = session.card("bo", 3)
    assert card.guess is None and card.answer is None and "Somebody else has labelled it" in card.why.sentence
    session.answer("bo", 3, GOLD[kind][text])
    assert session.card("bo", 3).guess is not None and session.card("ann", 3).guess is not None


def test_a_preview_tells_what_others_have_answered(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    session.accept("ann", {0: "film", 1: "bank"})
    found = session.preview("bo", [0, 1, 2], "film")
    assert (found.added, found.same, found.changed) == ((2,), (0,), (1,))
    session.answer("bo", 1, "film")
    assert session.preview("bo", [1], "film").same == (1,)


def test_figures_are_those_of_all_and_counts_those_of_each(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    label_all(session, order=Order.RANDOM)
    session.answer("bo", 0, GOLD[CLASSES][session.project.texts[0]])
    found = session.progress("bo")
    assert (found.answered, found.known, found.measured) == (1, len(GOLD[CLASSES]), len(GOLD[CLASSES]))


def test_an_answer_that_was_taken_back_and_given_again_is_no_new_one(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    label_all(session, order=Order.RANDOM)
    session.use(session.engine())
    for _ in range(5):
        card = session.undo("ann")
        session.answer("ann", card.number, GOLD[CLASSES][card.text])
        session.undo("ann")
    label_all(session)
    assert session.progress("ann").measured == 0


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_head_of_any_name_may_have_learned_from_a_download(new_session, engine, tmp_path, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session, order=Order.RANDOM)
    trained = LabellingSession.open(
        create_project(tmp_path / "elsewhere", texts_of(kind), replace(kind, task="other")), engine
    )
    trained.accept("bo", session.answers())
    learned = trained.engine()
    session.use(learned)
    assert session.progress("ann").measured == len(GOLD[kind])
    note_download(session.project.folder)
    session.use(engine)
    assert session.progress("ann").measured == len(GOLD[kind])
    session.use(learned)
    assert session.progress("ann").measured == 0


def test_a_label_that_is_removed_leaves_no_chosen_texts_in_the_sample(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    label_all(session, order=Order.RANDOM)
    session.project.remove_label("film")
    reopened = [text for text in texts_of(CLASSES) if GOLD[CLASSES][text] == "film"]
    measured = session.progress("ann").measured
    order = session._model.queue.by_chance.tolist()
    first = next(k for k, number in enumerate(order) if session.project.texts[number] in reopened)
    assert measured == first


@pytest.mark.parametrize("kind", [LABELS, SPANS], ids=lambda one: one.kind)
def test_answers_that_are_older_than_a_label_are_told(new_session, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session, order=Order.RANDOM)
    before = session.progress("ann").hint
    assert "before there was" not in before
    session.project.add_label(LabelHint("fresh"))
    session.accept("ann", {0: ("fresh",) if kind is LABELS else ()})
    count = len(GOLD[kind]) - 1
    if kind is LABELS:
        assert f"{count} texts were labelled before there was fresh" in session.progress("ann").hint
    assert session._answers.before_labels() == {"fresh": count}
    name = kind.names[0]
    session.project.remove_label(name)
    session.project.add_label(LabelHint(name))
    assert session._answers.before_labels()[name] > 0


def test_a_reason_names_no_label_that_is_gone(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    for _ in range(3):
        card = session.next_card("ann")
        session.answer("ann", card.number, GOLD[CLASSES][card.text])
    shown = session.next_card("ann", order=Order.UNSURE)
    assert shown.why.reason is Reason.UNSURE
    for name in CLASSES.names[1:]:
        session.project.remove_label(name)
        sentence = session.next_card("ann", order=Order.UNSURE).why.sentence
        assert name not in sentence.replace(".", "").split()


def test_texts_are_compared_in_blocks_and_anew_only_where_the_nearest_was_taken_back(monkeypatch):
    from mtl.labelling import choosing

    vectors = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    whole = choosing.Neighbourhood(vectors)
    monkeypatch.setattr(choosing, "_NUMBERS", 50)
    parts, draw = choosing.Neighbourhood(vectors), np.random.default_rng(1)
    for _ in range(12):
        known = set(draw.permutation(60)[: draw.integers(0, 25)].tolist())
        fresh = choosing.Neighbourhood(vectors)
        for one in (whole, parts):
            np.testing.assert_allclose(one.novelty(known), fresh.novelty(known), atol=1e-6)


def test_of_very_many_texts_that_come_at_once_some_are_compared(monkeypatch):
    from mtl.labelling import choosing

    monkeypatch.setattr(choosing, "_MOST_ADDED", 5)
    vectors = np.random.default_rng(0).standard_normal((60, 8)).astype(np.float32)
    near, every = choosing.Neighbourhood(vectors), set(range(40))
    found = near.novelty(every)
    assert (found[:40] < 1e-5).sum() == 5
    near.novelty(every | {50})
    assert near.novelty(every | {50})[50] < 1e-5
    assert near.novelty(every)[50] > 1e-5


def test_an_answer_by_chance_of_one_alone_does_not_stay_when_somebody_else_gives_it(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    shown = session.next_card("ann", order=Order.RANDOM).number
    session.answer("bo", shown, "film")
    assert session.next_card("ann", order=Order.RANDOM).number != shown


def test_what_was_answered_meanwhile_is_not_replaced_where_that_is_not_wanted(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    session.accept("bo", {0: "film"})
    session.accept("ann", {1: "film"})
    answers = {0: "bank", 1: "bank", 2: "bank"}
    assert session.accept("ann", answers, replaces=False) == 1
    assert session.answers() == {0: "film", 1: "film", 2: "bank"}
    assert session.accept("ann", answers, replaces=False) == 1
    session.skip("ann", 3)
    assert session.accept("ann", {3: "bank", 4: "bank"}, replaces=False) == 1
    assert session.accept("ann", answers) == 3


def test_two_processes_that_take_the_same_back_take_nothing_else_back(new_session, monkeypatch):
    """Both have looked before either writes; each line says what it takes back."""
    first = new_session(texts_of(CLASSES), CLASSES)
    second = LabellingSession(first.project, first._model)
    for text in range(3):
        first.answer("ann", text, "film")
    last, honest = first.last_id("ann"), AnswerLog.append

    def meanwhile(self, name, action):
        monkeypatch.setattr(AnswerLog, "append", honest)
        second.undo("ann", last=last)
        honest(self, name, action)

    monkeypatch.setattr(AnswerLog, "append", meanwhile)
    first.undo("ann", last=last)
    assert list(first.answers("ann")) == list(second.answers("ann")) == [0, 1]
    first.undo("ann")
    assert list(second.answers("ann")) == [0]


def test_an_undo_that_another_process_comes_before_is_told(new_session, monkeypatch):
    first = new_session(texts_of(CLASSES), CLASSES)
    second = LabellingSession(first.project, first._model)
    first.answer("ann", 0, "film")
    honest = AnswerLog.append

    def meanwhile(self, name, action):
        monkeypatch.setattr(AnswerLog, "append", honest)
        second.answer("ann", 1, "bank")
        honest(self, name, action)

    monkeypatch.setattr(AnswerLog, "append", meanwhile)
    with pytest.raises(NotLastError, match="something else has been done since"):
        first.undo("ann", last=first.last_id("ann"))
    assert list(first.answers("ann")) == list(second.answers("ann")) == [0, 1]


@pytest.mark.parametrize("clocks", [[1000.0] * 5, [1000.0, 10.0, 1000.0, 10.0, 1000.0]], ids=["stands", "is set back"])
def test_what_is_taken_back_does_not_depend_on_the_clock(new_session, monkeypatch, clocks):
    session, ids = new_session(texts_of(CLASSES), CLASSES), []
    for text, clock in enumerate(clocks):
        monkeypatch.setattr(answers_module, "now", lambda clock=clock: clock)
        session.answer("ann", text, "film")
        ids.append(session.last_id("ann"))
        if text == 2:
            session.undo("ann", last=ids[-1])
    with pytest.raises(UndoneError):
        session.undo("ann", last=ids[2])  # as the card of another window, which another answer has followed
    with pytest.raises(NotLastError):
        session.undo("ann", last=ids[3])
    assert len(set(ids)) == 5 and list(session.answers("ann")) == [0, 1, 3, 4]
    assert session._answers.person("ann").last(1).at == clocks[1]  # the clock's


def test_files_of_older_versions_whose_lines_have_no_id_go_on(new_session):
    first = new_session(texts_of(CLASSES), CLASSES)
    for text in range(3):
        first.answer("ann", text, "film")
    (path,) = first.project.folder.glob("**/ann-*.jsonl")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    old = [{key: value for key, value in line.items() if key != "id"} for line in lines]
    old += [{"by": "ann", "do": "undo", "at": 5.0}]
    path.write_text("".join(json.dumps(line) + "\n" for line in old))
    session = LabellingSession(first.project, first._model)
    last = session.last_id("ann")
    assert list(session.answers("ann")) == [0, 1] and last
    session.undo("ann", last=last)
    with pytest.raises(UndoneError):
        session.undo("ann", last=last)
    assert list(session.answers("ann")) == [0]


def test_what_the_disk_refused_never_counts(new_session, monkeypatch):
    """Neither an answer nor an undo, whose line lacks nothing but its end."""
    session = new_session(texts_of(CLASSES), CLASSES)
    session.answer("ann", 0, "film")
    session.answer("ann", 1, "film")
    last, honest = session.last_id("ann"), log.append_line

    def full(path, line, **_):
        honest(path, line)
        path.write_bytes(path.read_bytes()[:-1])
        raise OSError(28, "No space left on device")

    for refused in (lambda: session.answer("ann", 2, "film"), lambda: session.undo("ann", last=last)):
        with monkeypatch.context() as patch:
            patch.setattr(log, "append_line", full)
            with pytest.raises(StorageError):
                refused()
        assert (list(session.answers("ann")), session.last_id("ann")) == ([0, 1], last)
    session.undo("ann", last=last)
    assert list(session.answers("ann")) == [0]


def test_of_two_that_take_the_same_back_one_does_and_nothing_else_is_taken_back(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    for text in range(3):
        session.answer("ann", text, "film")
    last, outcomes = session.last_id("ann"), []

    def take_back(_: int) -> None:
        try:
            outcomes.append(session.undo("ann", last=last).number)
        except UndoneError:
            outcomes.append(None)

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(take_back, range(8)))
    assert sorted(outcomes, key=str) == [2, *[None] * 7] and list(session.answers("ann")) == [0, 1]
    session.answer("ann", 5, "bank")
    with pytest.raises(UndoneError):
        session.undo("ann", last=last)
    assert list(session.answers("ann")) == [0, 1, 5]
