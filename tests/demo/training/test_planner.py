import dataclasses
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.inputs import kept_drafts
from demo.training import planner as planning
from demo.training.planned import plan_key
from demo.training.planner import Planner
from demo.training.recipe_form import recipe_of
from mtl.errors import RunError
from mtl.recipe import TaskConfig, TaskKind
from tests.demo.fakes import NoThread, settings
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
    "is_upper_bound": False,
    "a_key_of_tomorrow": 1,
}


class FakeCommand:
    started: list["FakeCommand"] = []
    lasts = False
    """Whether those that are asked from now on last until they are cancelled."""

    def __init__(self, arguments, *, settings, work):
        self.arguments, self.cancelled = arguments, threading.Event()
        self.lasts = FakeCommand.lasts
        FakeCommand.started.append(self)

    def cancel(self):
        self.cancelled.set()

    def answer(self, *, seconds):
        return None if self.lasts and self.cancelled.wait(CEILING) else ANSWER


@pytest.fixture(autouse=True)
def _fake(monkeypatch, tmp_path):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(planning, "Command", FakeCommand)
    monkeypatch.setattr(planning, "_PAUSE", 0.0)
    monkeypatch.setattr(planning, "_LONGEST_WAIT", CEILING)
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


@pytest.fixture
def files(tmp_path):
    """Files of an adopted task and of a backbone's folder."""
    data, model = tmp_path / "a.csv", tmp_path / "model"
    data.write_text("text,label\na,x\nb,y\n")
    (model / "1_Pooling").mkdir(parents=True)
    for name in ("config.json", "model.safetensors", "1_Pooling/config.json"):
        (model / name).write_text("{}")
    kept_drafts.adopt(
        "mine", TaskConfig(kind=TaskKind.CLASSIFICATION, train=(str(data),)), owner="a", settings=settings()
    )
    return {"data": data, "settings": model / "config.json", "pooling": model / "1_Pooling" / "config.json"}


def own_recipe(files):
    form = dataclasses.replace(FORM, tasks=("mine",), backbone=str(files["settings"].parent))
    return recipe_of(form, kept_drafts.known("a", settings()), settings())


@pytest.mark.parametrize("which", ["data", "settings", "pooling"])
def test_a_plan_of_files_that_have_changed_is_not_shown_and_made_again(files, which):
    planner = Planner(settings())
    planner.plan(own_recipe(files), asker="a")
    assert planner.known(own_recipe(files)) is not None
    os.utime(files[which], ns=(7, 7))
    content, state = files[which].read_text(), files[which].stat()
    files[which].write_text(content[:-1] + ("z" if which == "data" else " "))
    os.utime(files[which], ns=(state.st_atime_ns, state.st_mtime_ns))
    assert planner.known(own_recipe(files)) is None
    planner.plan(own_recipe(files), asker="a")
    assert len(FakeCommand.started) == 2
    assert planner.known(own_recipe(files)) is not None


def test_a_folder_of_no_model_is_not_searched(tmp_path, monkeypatch):
    monkeypatch.setattr(planning.plan_key.__globals__["Path"], "glob", None)
    made = recipe().model_copy(update={"backbone": str(tmp_path)})
    assert plan_key(made) == plan_key(made)


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
    monkeypatch.setattr(planning, "_PAUSE", CEILING)
    planner, answers = Planner(settings()), []
    with ThreadPoolExecutor() as pool:
        for n in range(3):
            answers.append(pool.submit(planner.plan, recipe(n), asker="a"))
            key = plan_key(recipe(n))
            until(lambda key=key: (ask := planner._newest.get("a")) and ask.key == key, "a question")
        monkeypatch.setattr(planning, "_PAUSE", 0.0)
        answers.append(pool.submit(planner.plan, recipe(3), asker="a"))
    assert len(FakeCommand.started) == 1
    assert [answer.result() is None for answer in answers] == [True, True, True, False]


def test_no_question_is_left_on_the_disk(tmp_path):
    Planner(settings()).plan(recipe(), asker="a")
    assert [file for file in (tmp_path / "answers").rglob("*") if file.is_file()] == []


def waiting_askers(planner, pool, asked):
    """The answers to questions `(recipe, asker, address)`, once all of them wait."""
    answers = [pool.submit(planner.plan, recipe(seed), asker=asker, address=where) for seed, asker, where in asked]
    until(lambda: sum(len(job.askers) for job in planner._jobs.values()) == len(asked), "all questions")
    return answers


def release(planner):
    """End the plans that last."""
    FakeCommand.lasts = False
    for command in list(FakeCommand.started):
        command.cancelled.set()


def test_the_same_recipe_is_planned_once_for_all_who_ask(monkeypatch):
    FakeCommand.lasts = True
    monkeypatch.setattr(FakeCommand, "answer", lambda self, *, seconds: self.cancelled.wait(CEILING) and ANSWER)
    planner = Planner(settings())
    with ThreadPoolExecutor() as pool:
        answers = waiting_askers(planner, pool, [(1, f"asker {n}", "") for n in range(5)])
        release(planner)
    assert len({id(answer.result()) for answer in answers}) == 1
    assert len(FakeCommand.started) == 1


def test_one_who_leaves_does_not_take_the_plan_from_the_others(monkeypatch):
    monkeypatch.setattr(FakeCommand, "answer", lambda self, *, seconds: self.cancelled.wait(CEILING) and ANSWER)
    planner = Planner(settings())
    with ThreadPoolExecutor() as pool:
        answers = waiting_askers(planner, pool, [(1, "a", ""), (1, "b", "")])
        until_started()
        planner.drop(asker="a")
        assert answers[0].result() is None
        assert not FakeCommand.started[0].cancelled.is_set()
        release(planner)
    assert answers[1].result() is not None


def test_a_cancelled_plan_is_made_anew_for_whoever_asks_then():
    FakeCommand.lasts = True
    planner = Planner(settings())
    with ThreadPoolExecutor() as pool:
        (first,) = waiting_askers(planner, pool, [(1, "a", "")])
        until_started()
        FakeCommand.lasts = False
        planner.drop(asker="a")
        assert planner.plan(recipe(1), asker="b") is not None
        assert first.result() is None


@pytest.mark.parametrize(("limit", "address"), [("_MOST_WAITING", ""), ("_OF_ADDRESS", "one address")])
def test_no_more_than_a_few_threads_wait_for_plans(monkeypatch, limit, address):
    monkeypatch.setattr(planning, limit, 2)
    FakeCommand.lasts = True
    planner = Planner(settings(share=True))
    with ThreadPoolExecutor() as pool:
        answers = waiting_askers(planner, pool, [(1, "a", address), (2, "b", address)])
        with pytest.raises(RunError, match="Too many plans"):
            planner.plan(recipe(3), asker="c", address=address)
        if address:
            FakeCommand.lasts = False
            assert planner._need_room("another address") is None
        planner.drop(asker="a")
        planner.drop(asker="b")
    assert [answer.result() for answer in answers] == [None, None]


def test_a_plan_that_lasts_is_known_later_and_its_visitor_is_told(monkeypatch):
    monkeypatch.setattr(FakeCommand, "answer", lambda self, *, seconds: self.cancelled.wait(CEILING) and ANSWER)
    monkeypatch.setattr(planning, "_LONGEST_WAIT", 0.0)
    planner = Planner(settings())
    with pytest.raises(RunError, match="longer than usual"):
        planner.plan(recipe(), asker="a")
    until_started()
    release(planner)
    until(lambda: planner.known(recipe()), "the plan")


def test_a_visitor_of_another_address_goes_before_those_of_a_busy_one():
    FakeCommand.lasts = True
    planner = Planner(settings(share=True))
    with ThreadPoolExecutor() as pool:
        waiting_askers(planner, pool, [(1, "a", "x")])
        until_started()
        for n, where in ((2, "x"), (3, "y")):
            pool.submit(planner.plan, recipe(n), asker=f"asker {n}", address=where)
            until(lambda n=n: len(planner._jobs) == n, "the question")
        planner.drop(asker="a")
        until(lambda: len(FakeCommand.started) == 2, "the second plan")
        (second,) = planner._running - {job for job in planner._running if job.command is FakeCommand.started[0]}
        assert [ask.address for ask in second.askers] == ["y"]
        for asker in ("asker 2", "asker 3"):
            planner.drop(asker=asker)


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


def test_a_server_without_room_for_a_thread_says_so_and_plans_again(monkeypatch):
    planner = Planner(settings(share=True))
    with monkeypatch.context() as patch:
        patch.setattr(planning, "Thread", NoThread)
        with pytest.raises(RunError, match="no room for another plan"):
            planner.plan(recipe(), asker="a")
    assert planner.plan(recipe(), asker="a").steps == 7
