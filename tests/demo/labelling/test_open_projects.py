from concurrent.futures import wait
from threading import Event

import pytest

from demo.labelling import OpenProjects, Projects
from mtl.errors import InputError, RunError
from tests.demo.fakes import NoThread, settings
from tests.demo.labelling.conftest import TEXTS
from tests.waiting import CEILING


class Session:
    def __init__(self, folder, engine):
        self.folder, self.engine = folder, engine

    def use(self, engine, *, progress):
        progress(1, 1)
        self.engine = engine


def test_a_project_is_opened_once_and_tells_how_far_it_is(tmp_path):
    opened, go = [], Event()

    def open_one(folder, engine, progress):
        opened.append(folder)
        progress(3, 7)
        go.wait(CEILING)
        return Session(folder, engine)

    projects, model = OpenProjects(2, open_one), object()
    first, second = projects.begin(tmp_path, model), projects.begin(tmp_path, model)
    assert first is second
    go.set()
    session = projects.session(tmp_path, lambda: model)
    assert (first.done, first.total, opened) == (3, 7, [tmp_path])
    assert projects.session(tmp_path, lambda: pytest.fail("it is open")) is session


def test_with_another_model_the_same_session_goes_on(tmp_path):
    projects = OpenProjects(2, lambda folder, engine, progress: Session(folder, engine))
    session = projects.session(tmp_path, lambda: "old")
    assert projects.uses(tmp_path, "old")
    assert not projects.uses(tmp_path, "new")
    opening = projects.begin(tmp_path, "new")
    assert projects.session(tmp_path, lambda: pytest.fail("it is open")) is session
    wait([opening.future])
    assert opening.future.result() is session
    assert session.engine == "new"


class Slow(Session):
    """A session that takes up the model `slow` when it is told to, and says when it has begun to."""

    def __init__(self, folder, engine, *, tells):
        super().__init__(folder, engine)
        self.begun, self.go, self.tells, self.used = Event(), Event(), tells, []

    def use(self, engine, *, progress):
        self.used.append(engine)
        if engine == "slow":
            self.begun.set()
            self.go.wait(CEILING)
        if self.tells:
            progress(1, 2)
        self.engine = engine


@pytest.mark.parametrize("tells", [True, False], ids=["can be stopped", "ends by itself"])
def test_of_two_models_one_after_the_other_the_later_one_stays(tmp_path, tells):
    session = Slow(tmp_path, "first", tells=tells)
    projects = OpenProjects(2, lambda *_: session)
    projects.session(tmp_path, lambda: "first")
    slow = projects.begin(tmp_path, "slow")
    assert session.begun.wait(CEILING)
    between, last = projects.begin(tmp_path, "between"), projects.begin(tmp_path, "last")
    session.go.set()
    assert [one.future.result(CEILING) for one in (slow, between, last)] == [session] * 3
    assert projects.uses(tmp_path, "last") and session.engine == "last"
    assert session.used == ["slow", "last"]


def test_a_model_that_comes_back_before_another_is_ready_stays(tmp_path):
    session = Slow(tmp_path, "first", tells=True)
    projects = OpenProjects(2, lambda *_: session)
    projects.session(tmp_path, lambda: "first")
    projects.begin(tmp_path, "slow")
    assert session.begun.wait(CEILING)
    back = projects.begin(tmp_path, "first")
    session.go.set()
    assert back.future.result(CEILING).engine == "first" and session.used == ["slow", "first"]


def test_a_closed_project_ends_with_the_model_that_was_asked_for(tmp_path):
    session = Slow(tmp_path, "first", tells=True)
    projects = OpenProjects(1, lambda *_: session)
    projects.session(tmp_path, lambda: "first")
    slow = projects.begin(tmp_path, "slow")
    assert session.begun.wait(CEILING)
    projects.close(tmp_path)
    session.go.set()
    assert slow.future.result(CEILING).engine == "slow"


def test_the_least_recently_used_project_is_closed(tmp_path):
    opened = []

    def open_one(folder, engine, progress):
        opened.append(folder.name)
        return Session(folder, engine)

    projects = OpenProjects(2, open_one)
    for name in ("a", "b", "a", "c", "a", "b"):
        projects.session(tmp_path / name, lambda: "model")
    assert opened == ["a", "b", "c", "b"]


def test_a_project_that_failed_to_open_is_tried_again(tmp_path):
    answers = [InputError("damaged"), Session(tmp_path, "model")]

    def open_one(folder, engine, progress):
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    projects = OpenProjects(2, open_one)
    with pytest.raises(InputError, match="damaged"):
        projects.session(tmp_path, lambda: "model")
    assert projects.session(tmp_path, lambda: "model").engine == "model"


def test_a_session_of_the_library_opens_and_learns(spec, starter):
    folder = Projects(settings()).create(TEXTS, spec, owner="").folder
    session = OpenProjects(1).session(folder, lambda: starter)
    card = session.next_card("ann")
    session.answer("ann", card.number, "sports")
    assert session.next_card("ann").counts.labelled == 1


def test_a_server_without_room_for_a_thread_says_so_and_tries_again(tmp_path, monkeypatch):
    projects = OpenProjects(2, lambda folder, engine, progress: Session(folder, engine))
    with monkeypatch.context() as patch:
        patch.setattr("demo.labelling.open_projects.Thread", NoThread)
        with pytest.raises(RunError, match="no room to open a project now"):
            projects.session(tmp_path, lambda: "model")
    assert projects.session(tmp_path, lambda: "model").engine == "model"
