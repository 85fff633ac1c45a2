"""A request to stop is heard at every point of a run, and what was trained until then is kept."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mtl.cache import filling
from mtl.data import reading
from mtl.inference import runner
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Finished, RunFolder, RunState, Saved, Started, Step, StopReason
from mtl.stopping import StopRequested, check_stop, stoppable
from mtl.text import storing
from mtl.training import precision, resume_in_folder, run_in_folder, session, train
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import last


@pytest.fixture
def recipe(tiny_bert: Path) -> Recipe:
    return recipe_of(
        tiny_bert,
        ["topic", "entities"],
        budget={"max_steps": 4},
        evaluation={"every": 2},
        freezing={"preset": "heads_only"},
        sampling={"joint": False},
    )


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(reading, "_CHECK_EVERY", 8)
    monkeypatch.setattr(session, "_LAST_EVALUATION", 0.0)


def asked() -> None:
    raise StopRequested


def test_nothing_stops_where_nobody_may_stop_it():
    check_stop()
    with stoppable(lambda: False):
        check_stop()
    with stoppable(lambda: True), pytest.raises(StopRequested):
        check_stop()
    check_stop()


@pytest.mark.parametrize("module", [reading, storing, filling, runner], ids=lambda module: module.__name__)
def test_a_stop_before_the_first_step_ends_the_run_in_order_and_it_can_go_on(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: object
):
    folder = RunFolder(tmp_path / "run")
    with monkeypatch.context() as patch:
        patch.setattr(module, "check_stop", asked)
        events = list(run_in_folder(recipe, folder.path))
    assert last(events).reason is StopReason.STOPPED
    assert not any(isinstance(event, Step) for event in events)
    assert (folder.read_status().state, folder.read_status().step) == (RunState.STOPPED, 0)
    assert last(list(resume_in_folder(folder.path))).reason is StopReason.COMPLETED


def test_a_stop_is_heard_while_the_precision_is_measured(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(precision, "has_bf16", lambda _: True)
    monkeypatch.setattr(precision, "FEW_PARAMETERS", 0)
    monkeypatch.setattr(precision, "_ALIKE", -1.0)
    monkeypatch.setattr(precision, "check_stop", asked)
    events = list(train(recipe, folder=tmp_path / "run"))
    assert [type(event) for event in events] == [Finished]
    assert last(events).message == "stopped while the model and the data were loaded"


def after(event: Callable[[Event], bool], seen: list[Event]) -> Callable[[], bool]:
    return lambda: any(event(one) for one in seen)


def stopped(recipe: Recipe, folder: Path, when: Callable[[Event], bool]) -> list[Event]:
    """The events of a run that is asked to stop as soon as it has told of something."""
    seen: list[Event] = []
    for event in train(recipe, folder=folder, should_stop=after(when, seen)):
        seen.append(event)
    return seen


@pytest.mark.parametrize("step", [1, 2, 3])
def test_a_stop_between_steps_saves_the_weights_without_an_evaluation_that_would_last(
    recipe: Recipe, tmp_path: Path, step: int
):
    events = stopped(recipe, tmp_path, lambda event: isinstance(event, Step) and event.step == step)
    assert (last(events).reason, last(events).step) == (StopReason.STOPPED, step)
    assert [event.name for event in events if isinstance(event, Saved)][-1] == "last"
    assert [event.step for event in events if isinstance(event, Evaluated)] == ([0, 2] if step == 3 else [0])


def test_an_evaluation_that_is_soon_done_still_counts(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "_LAST_EVALUATION", 1e9)
    events = stopped(recipe, tmp_path, lambda event: isinstance(event, Step))
    assert [event.step for event in events if isinstance(event, Evaluated)] == [0, 1]


def test_a_stop_in_the_first_evaluation_keeps_the_model_as_it_was(recipe: Recipe, tmp_path: Path):
    events = stopped(recipe, tmp_path, lambda event: isinstance(event, Started))
    assert [type(event) for event in events] == [Started, Saved, Finished]
    assert last(events).reason is StopReason.STOPPED


def test_a_resumed_run_that_is_stopped_while_it_loads_keeps_its_step(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = RunFolder(tmp_path / "run")
    for event in run_in_folder(recipe, folder.path):
        if isinstance(event, Step) and event.step == 3:
            folder.request_stop()
    with monkeypatch.context() as patch:
        patch.setattr(reading, "check_stop", asked)
        assert last(list(resume_in_folder(folder.path))).step == 3
    assert folder.read_status().step == 3
    assert last(list(resume_in_folder(folder.path))).reason is StopReason.COMPLETED
