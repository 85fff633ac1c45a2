"""A run in its folder."""

import json
import os
from pathlib import Path

import pytest
import torch
import yaml

from mtl.errors import RunError, TrainingError
from mtl.recipe import Precision, Recipe, Solver, load
from mtl.runs import Evaluated, Failed, RunFolder, RunState, Saved, Started, Step, StopReason
from mtl.training import accumulation, resume_in_folder, run_in_folder
from mtl.training.losses import BatchLoss
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import last


@pytest.fixture
def recipe(tiny_bert: Path) -> Recipe:
    return recipe_of(tiny_bert, ["topic", "entities"], budget={"max_steps": 4}, evaluation={"every": 2})


def test_every_event_is_on_disk_when_it_is_yielded(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    seen = []
    for event in run_in_folder(recipe, folder.path):
        seen.append(event)
        assert list(folder.events()) == seen
    assert seen[-1].kind == "finished"


def test_the_status_follows_the_run(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    for event in run_in_folder(recipe, folder.path):
        status = folder.read_status()
        if isinstance(event, Started):
            assert (status.state, status.total_steps, status.pid) == (RunState.RUNNING, 4, os.getpid())
        if isinstance(event, Step):
            assert (status.state, status.step) == (RunState.RUNNING, event.step)
        if isinstance(event, Saved) and event.name == "best":
            assert (status.best_step, status.best_score) == (event.step, event.score)
    assert (folder.read_status().state, folder.read_status().step) == (RunState.FINISHED, 4)


def test_both_checkpoints_and_the_recipe_are_in_the_folder(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    list(run_in_folder(recipe, folder.path))
    written = {"config.json", "model.safetensors", "outside.safetensors", "README.md", "sample"}
    assert {file.name for file in folder.best.iterdir()} == written
    assert {file.name for file in folder.last.iterdir()} == written
    assert yaml.safe_load(folder.recipe.read_text())["budget"]["max_steps"] == 4


def test_the_recipe_in_the_folder_is_the_one_that_ran(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    list(run_in_folder(recipe, folder.path))
    assert load(folder.recipe) == recipe.with_precision(Precision.FP32).with_solver(Solver.SGD)


def test_a_request_to_stop_ends_the_run(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    for event in run_in_folder(recipe, folder.path):
        if isinstance(event, Step) and event.step == 2:
            folder.request_stop()
    assert (folder.read_status().state, folder.read_status().step) in {(RunState.STOPPED, 2), (RunState.STOPPED, 3)}
    assert folder.last.is_dir()


def test_a_failure_is_written_down_and_raised(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    nan = torch.tensor(float("nan"))
    monkeypatch.setattr(accumulation, "batch_loss", lambda _, batch: BatchLoss(dict.fromkeys(batch.targets, nan), None))
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(TrainingError) as error:
        list(run_in_folder(recipe, folder.path))
    last = list(folder.events())[-1]
    assert isinstance(last, Failed)
    assert last.message == str(error.value) == folder.read_status().message
    assert folder.read_status().state is RunState.FAILED


def test_a_bug_is_written_down_and_raised(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(accumulation, "batch_loss", lambda *_: 1 / 0)
    folder = RunFolder(tmp_path / "run")
    with pytest.raises(ZeroDivisionError):
        list(run_in_folder(recipe, folder.path))
    assert folder.read_status().state is RunState.FAILED
    assert folder.read_status().message == "ZeroDivisionError: division by zero; the log has the whole story"


def test_a_run_that_nobody_reads_on_is_stopped(recipe: Recipe, tmp_path: Path):
    run = run_in_folder(recipe, tmp_path / "run")
    next(event for event in run if isinstance(event, Evaluated))
    run.close()
    assert RunFolder(tmp_path / "run").read_status().state is RunState.STOPPED


def test_a_folder_that_holds_a_run_is_refused(recipe: Recipe, tmp_path: Path):
    list(run_in_folder(recipe, tmp_path / "run"))
    with pytest.raises(RunError, match="a new folder was expected, this one holds a run"):
        next(run_in_folder(recipe, tmp_path / "run"))


def test_nothing_that_is_left_behind_is_a_pickle(recipe: Recipe, tmp_path: Path):
    list(run_in_folder(recipe, tmp_path / "run"))
    files = {file.suffix for file in (tmp_path / "run").rglob("*") if file.is_file() and file.name != "lock"}
    assert files <= {".yaml", ".json", ".jsonl", ".safetensors", ".md", ".txt"}
    for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines():
        assert json.loads(line)["kind"]


def test_a_stop_that_was_asked_for_is_forgotten_when_a_run_goes_on(recipe: Recipe, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    for event in run_in_folder(recipe, folder.path):
        if isinstance(event, Step):
            folder.request_stop()
    assert folder.read_status().state is RunState.STOPPED
    assert last(list(resume_in_folder(folder.path))).reason is StopReason.COMPLETED


PATIENT = {"every": 1, "patience": 2}
ENDS: dict[str, dict[str, object]] = {
    "completed": {},
    "early": {"evaluation": PATIENT, "optimizer": {"backbone_lr": 1e-12, "head_lr": 1e-12}, "budget": {"epochs": 9}},
    "time": {"budget": {"max_minutes": 1e-9, "epochs": 9}},
    "nothing": {"freezing": {"preset": "all_frozen"}},
}


@pytest.mark.parametrize("sections", ENDS.values(), ids=ENDS)
def test_a_run_that_came_to_its_end_is_not_resumed_and_stays_as_it_is(
    tiny_bert: Path, tmp_path: Path, sections: dict[str, object]
):
    folder = RunFolder(tmp_path / "run")
    list(run_in_folder(recipe_of(tiny_bert, ["topic"], **sections), folder.path))
    before = folder.status_file.read_bytes(), folder.events_file.read_bytes()
    with pytest.raises(RunError, match=r"the run has come to its end at step \d+, nothing is left to do$"):
        next(resume_in_folder(folder.path))
    assert (folder.status_file.read_bytes(), folder.events_file.read_bytes()) == before


def test_a_run_that_is_going_on_is_not_resumed(recipe: Recipe, tmp_path: Path):
    run = run_in_folder(recipe, tmp_path / "run")
    next(run)
    with pytest.raises(RunError, match=f"the run is still going on in process {os.getpid()} since "):
        next(resume_in_folder(tmp_path / "run"))
    run.close()


def test_a_folder_without_a_run_is_not_resumed(tmp_path: Path):
    with pytest.raises(RunError, match="a run folder with a readable status.json was expected"):
        next(resume_in_folder(tmp_path))
