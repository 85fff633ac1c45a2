"""Trackers get the figures of a run's events; one that is missing is refused before, one that fails costs a note."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from accelerate import tracking as accelerate_tracking
from accelerate.tracking import GeneralTracker, register_tracker_class
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mtl.recipe import Recipe, check
from mtl.recipe.choices import Tracker
from mtl.runs import Evaluated, Noticed, RunFolder, RunState, Saved, Started, Step
from mtl.tracking import TrackingListener, figures_of
from mtl.training import resume_in_folder, run_in_folder
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.recipes import quick_recipe
from tests.mtl.tracking.test_names import is_taken_by_mlflow


class Heard:
    """What the fake trackers below were told, in order."""

    def __init__(self) -> None:
        self.arguments: dict[str, dict[str, object]] = {}
        self.settings: dict[str, object] = {}
        self.figures: list[tuple[int, dict[str, float]]] = []
        self.ended: list[str] = []
        self.fails_at: str = ""


def fake(which: str, heard: Heard) -> type[GeneralTracker]:
    class Fake(GeneralTracker):
        name = which
        requires_logging_directory = False

        def __init__(self, **arguments: object) -> None:
            super().__init__()
            heard.arguments[which] = arguments

        @property
        def tracker(self) -> "Fake":
            return self

        def start(self) -> None:
            self._reach("start")

        def store_init_configuration(self, values: dict[str, object]) -> None:
            self._reach("settings")
            heard.settings = values

        def log(self, values: Mapping[str, float], step: int | None = None, **further: object) -> None:
            self._reach("log" if step else "log at 0")
            heard.figures.append((step, dict(values)))

        def finish(self) -> None:
            self._reach("finish")
            heard.ended.append(which)

        def _reach(self, what: str) -> None:
            if what == heard.fails_at:
                raise ConnectionError("the server is not there\nand a long story")

    return Fake


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """Fakes in the place of trackers that may not be installed."""
    found = Heard()
    monkeypatch.setattr(accelerate_tracking, "_available_trackers", ["wandb", "mlflow"])
    monkeypatch.setattr(accelerate_tracking, "LOGGER_TYPE_TO_CLASS", dict(accelerate_tracking.LOGGER_TYPE_TO_CLASS))
    with pytest.warns(UserWarning, match="already registered"):
        for name in ("wandb", "mlflow"):
            register_tracker_class(fake(name, found))
    return found


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    return quick_recipe(tiny_bert, tmp_path, ("topic", "names"), tracking=["wandb"], evaluation={"every": 3})


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "a-run")


def run(recipe: Recipe, folder: RunFolder) -> list[str]:
    """Train; returns what was noticed."""
    return [event.message for event in run_in_folder(recipe, folder.path) if isinstance(event, Noticed)]


def figures(folder: RunFolder) -> list[tuple[int, dict[str, float]]]:
    return [(event.step, found) for event in folder.events() if (found := figures_of(event))]


def test_a_tracker_gets_every_figure_of_the_events_and_the_recipe(heard: Heard, recipe: Recipe, folder: RunFolder):
    assert run(recipe, folder) == []
    assert heard.figures == figures(folder)
    values = {(step, name): value for step, found in heard.figures for name, value in found.items()}
    for event in folder.events():
        if isinstance(event, Step):
            assert values[event.step, f"train/{event.task}/loss"] == event.loss
        if isinstance(event, Evaluated):
            assert all(values[event.step, name] == value for name, value in event.metrics.items())
        if isinstance(event, Saved) and event.name == "best":
            assert values[event.step, "best/score"] == event.score
    assert heard.settings["tasks.topic.kind"] == "classification"
    assert heard.settings["budget.max_steps"] == 6
    assert heard.settings["total_steps"] == 6
    assert all(isinstance(value, str | int | float | bool) for value in heard.settings.values())
    assert heard.arguments["wandb"]["name"] == folder.id
    assert heard.ended == ["wandb"]


@pytest.mark.parametrize("fails_at", ["start", "settings", "log at 0", "log", "finish"])
def test_a_tracker_that_fails_costs_one_note_and_no_run(heard: Heard, recipe: Recipe, folder: RunFolder, fails_at: str):
    heard.fails_at = fails_at
    assert run(recipe, folder) == ["wandb takes no figures of this run from here (the server is not there)"]
    assert folder.read_status().state is RunState.FINISHED
    assert folder.events()[-1].kind == "finished"
    assert sum(isinstance(event, Noticed) for event in folder.events()) == 1


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_written(
    heard: Heard, recipe: Recipe, folder: RunFolder
):
    other = recipe.model_copy(update={"tracking": (Tracker.TRACKIO,)})
    with pytest.raises(Exception, match=r"tracking: trackio was expected to be installed, .*'polyhead\[trackio\]'"):
        run(other, folder)
    assert not folder.path.exists()


def test_an_unknown_tracker_is_refused_with_those_that_are_known(tiny_bert: Path, tmp_path: Path):
    with pytest.raises(Exception, match=r"tracking.*tensorboard.*trackio.*wandb.*mlflow"):
        quick_recipe(tiny_bert, tmp_path, ("topic",), tracking=["paper"])


def test_a_run_that_is_broken_off_lets_its_trackers_go_and_goes_on_in_them(
    heard: Heard, recipe: Recipe, folder: RunFolder
):
    events = run_in_folder(recipe, folder.path)
    for event in events:
        if isinstance(event, Step) and event.step == 4:
            events.close()
    assert heard.ended == ["wandb"]
    before = dict(heard.arguments["wandb"])
    list(resume_in_folder(folder.path))
    assert heard.arguments["wandb"] == before
    assert heard.ended == ["wandb", "wandb"]


def test_a_run_is_sent_after_its_end(heard: Heard, recipe: Recipe, folder: RunFolder):
    run(recipe.model_copy(update={"tracking": ()}), folder)
    assert heard.figures == []
    told = succeed("track", folder.path, "--to", "mlflow")
    assert told.stdout == f"{len(folder.events())} events: mlflow\n"
    assert heard.figures == figures(folder)
    assert heard.arguments["mlflow"]["run_name"] == folder.id
    assert heard.settings["tasks.names.kind"] == "tagging"
    assert heard.ended == ["mlflow"]


def test_sending_that_fails_is_one_line(heard: Heard, recipe: Recipe, folder: RunFolder, tmp_path: Path):
    run(recipe, folder)
    heard.fails_at = "log"
    message = complaint("track", folder.path, "--to", "wandb")
    assert message == f"{folder.path}: wandb takes no figures of this run from here (the server is not there)"
    assert complaint("track", folder.path, "--to", "paper") == (
        "--to takes tensorboard, trackio, wandb, mlflow, was 'paper'"
    )
    assert complaint("track", tmp_path / "none", "--to", "wandb").startswith(f"{tmp_path / 'none'}: a run folder")


def scalars(folder: RunFolder) -> dict[str, list[tuple[int, float, float]]]:
    """What TensorBoard shows of a run."""
    shown = EventAccumulator(str(folder.path / "tensorboard"))
    shown.Reload()
    return {tag: [(e.step, e.value, e.wall_time) for e in shown.Scalars(tag)] for tag in shown.Tags()["scalars"]}


def expected_scalars(folder: RunFolder) -> dict[str, list[tuple[int, float, float]]]:
    found: dict[str, list[tuple[int, float, float]]] = {}
    for event in folder.events():
        for name, value in figures_of(event).items():
            found.setdefault(name, []).append(
                (event.step, float(np.float32(value)), pytest.approx(event.time, rel=0, abs=0.001))
            )
    return found


def test_tensorboard_shows_a_run_that_went_back_and_one_that_is_sent_later(recipe: Recipe, folder: RunFolder):
    begun = run_in_folder(recipe.model_copy(update={"tracking": (Tracker.TENSORBOARD,)}), folder.path)
    for event in begun:
        if isinstance(event, Step) and event.step == 5:  # after the state at 3
            begun.close()
    list(resume_in_folder(folder.path))
    assert scalars(folder) == expected_scalars(folder)
    for _ in range(2):
        succeed("track", folder.path, "--to", "tensorboard")
        assert scalars(folder) == expected_scalars(folder)


def tell(heard: Heard, folder: Path, labels: Sequence[str]) -> tuple[dict[str, float], dict[str, object]]:
    """What a tracker gets of a figure for each label, and of a recipe that maps each."""
    task = {"kind": "classification", "train": "/home/ann/secret/a.csv", "map_labels": dict.fromkeys(labels, "x")}
    content = {"backbone": "/home/ann/models/mine", "tasks": {"topic": task}}
    listener = TrackingListener((Tracker.MLFLOW,), folder, check(content, where="test"))
    heard.figures.clear()
    listener.hear(Started(1, 1, ("topic",), 1, 1, "cpu", "fp32"))
    listener.hear(Evaluated(0, {f"eval/topic/f1/{label}": i for i, label in enumerate(labels)}, 1.0))
    (figures,) = [found for _, found in heard.figures]
    return {name: value for name, value in figures.items() if name.startswith("eval/topic")}, heard.settings


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    labels=st.lists(
        st.text(max_size=12) | st.sampled_from(["C", "C+", "C#", "👍", "👎", ".", "..", "/", "//", "_U002B_"]),
        unique=True,
    )
)
@example(labels=["👍", "👎"])
@example(labels=["a" * 300, "a" * 301])
def test_labels_that_differ_in_any_character_are_different_figures_and_settings(
    heard: Heard, tmp_path: Path, labels: list[str]
):
    figures, told = tell(heard, tmp_path, labels)
    assert list(figures.values()) == list(range(len(labels)))
    assert sum(name.startswith("tasks.topic.map_labels.") for name in told) == len({str(label) for label in labels})
    assert all(is_taken_by_mlflow(name) for name in (*figures, *told))


def test_trackers_learn_no_paths_of_this_machine(heard: Heard, recipe: Recipe, folder: RunFolder):
    _, told = tell(heard, folder.path, ["x"])
    assert (told["tasks.topic.train"], told["backbone"]) == ("secret/a.csv", "./mine")
    run(recipe.model_copy(update={"tracking": ()}), folder)
    for begin in (lambda: run(recipe, RunFolder(folder.path.with_name("b"))), lambda: send(folder)):
        heard.settings = {}
        begin()
        assert heard.settings
        assert not [
            value for value in heard.settings.values() if "/" in str(value)[:1] or str(folder.path.parent) in str(value)
        ]


def send(folder: RunFolder) -> None:
    succeed("track", folder.path, "--to", "mlflow")
