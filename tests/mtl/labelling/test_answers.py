"""Answers of several people, processes and threads, and what is asked twice."""

from threading import Thread

import pytest

from mtl.labelling import LabellingSession, Reason, create_project, open_project
from mtl.labelling.answers import ProjectAnswers
from tests.mtl.labelling.specs import CLASSES, GOLD, ODD, texts_of
from tests.mtl.processes import exit_code, start

pytestmark = pytest.mark.usefixtures("little_penalty")


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


def test_answers_do_not_wait_for_a_fit(new_session):
    session = new_session(texts_of(CLASSES), CLASSES)
    with session._fitting:
        thread = Thread(target=session.answer, args=("ann", 0, "film"))
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive()
    assert session.answers() == {0: "film"}


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
