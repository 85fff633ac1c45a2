import dataclasses
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.training import planner as planning
from demo.training.planner import Planner
from demo.training.recipe_form import recipe_of
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM, KNOWN
from tests.waiting import CEILING, until

ANSWER = {
    "parts": [
        {"name": "embeddings", "parameters": 10, "trains": False},
        {"name": "topic head", "parameters": 3, "trains": True},
    ],
    "steps": 7,
    "draws": {"topic": 7},
    "seconds": 1.5,
    "memory_bytes": 100,
    "cache_bytes": 20,
    "checkpoint_bytes": 12,
    "warnings": ["topic: few"],
    "advice": {"preset": "heads_only", "reasons": ["few texts"]},
    "a_key_of_tomorrow": 1,
}


class FakeCommand:
    started: list["FakeCommand"] = []
    lasts = False
    """Whether those that are asked from now on last until they are cancelled."""

    def __init__(self, arguments):
        self.arguments, self.cancelled = arguments, threading.Event()
        self.lasts = FakeCommand.lasts
        FakeCommand.started.append(self)

    def cancel(self):
        self.cancelled.set()

    def answer(self, *, seconds):
        return None if self.lasts and self.cancelled.wait(CEILING) else ANSWER


class Pause:
    """Stands for `time` in the planner: a pause ends when it is told to."""

    def __init__(self):
        self.begun, self.over = threading.Semaphore(0), threading.Event()

    def sleep(self, seconds):
        self.begun.release()
        assert self.over.wait(CEILING)


@pytest.fixture(autouse=True)
def _fake(monkeypatch, tmp_path):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(planning, "Command", FakeCommand)
    monkeypatch.setattr(planning, "_PAUSE", 0.0)
    monkeypatch.setattr(FakeCommand, "started", [])
    monkeypatch.setattr(FakeCommand, "lasts", False)


def recipe(seed=1):
    return recipe_of(dataclasses.replace(FORM, seed=seed), KNOWN, settings())


def until_started():
    until(lambda: FakeCommand.started, "a command")


def test_a_plan_is_read_from_the_commands_answer_and_known_from_then_on():
    planner = Planner(settings())
    assert planner.known(recipe()) is None
    found = planner.plan(recipe(), asker="a")
    assert (found.trained_parameters, found.steps, found.advised) == (3, 7, "heads_only")
    assert found.parts == {"embeddings": 10, "topic head": 3}
    assert planner.plan(recipe(), asker="b") == found == planner.known(recipe())
    assert len(FakeCommand.started) == 1


def test_a_newer_question_of_the_same_asker_cancels_the_older_one():
    FakeCommand.lasts = True
    planner, answers = Planner(settings()), {}
    old = threading.Thread(target=lambda: answers.update(old=planner.plan(recipe(1), asker="a")))
    old.start()
    until_started()
    FakeCommand.lasts = False
    assert planner.plan(recipe(2), asker="a") is not None
    old.join()
    assert answers == {"old": None}
    assert FakeCommand.started[0].cancelled.is_set()


def test_quick_changes_are_planned_once(monkeypatch):
    planner, pause, answers = Planner(settings()), Pause(), []
    monkeypatch.setattr(planning, "time", pause)
    with ThreadPoolExecutor() as pool:
        for n in range(4):
            answers.append(pool.submit(planner.plan, recipe(n), asker="a"))
            assert pause.begun.acquire(timeout=CEILING)
        pause.over.set()
    assert len(FakeCommand.started) == 1
    assert [answer.result() is None for answer in answers] == [True, True, True, False]


def test_no_question_is_left_on_the_disk(tmp_path):
    Planner(settings()).plan(recipe(), asker="a")
    assert list((tmp_path / "answers").iterdir()) == []


def test_what_was_dropped_is_answered_with_nothing():
    FakeCommand.lasts = True
    planner, answers = Planner(settings()), {}
    old = threading.Thread(target=lambda: answers.update(old=planner.plan(recipe(), asker="a")))
    old.start()
    until_started()
    planner.drop(asker="a")
    old.join()
    assert answers == {"old": None}
    planner.drop(asker="nobody")
