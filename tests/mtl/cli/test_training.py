"""`train`: what it leaves, tells and refuses."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest
import yaml

from mtl.cli.app import main
from mtl.runs import RunFolder, RunState
from mtl.training import accumulation, loop
from tests.mtl.cli.broken import BROKEN_DATA
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.processes import exit_code, forget_signal_stack, start, wait_for
from tests.mtl.recipes import TASKS


def test_training_leaves_a_run_folder_and_says_where(recipe: Path, tmp_path: Path):
    result = succeed("train", recipe, "--run-dir", tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    assert result.stdout == f"run folder: {folder.path}\n"
    assert folder.read_status().state is RunState.FINISHED
    assert (folder.best / "model.safetensors").is_file()
    assert (folder.last / "model.safetensors").is_file()


def test_training_tells_its_course_line_by_line(recipe: Path, tmp_path: Path):
    told = succeed("train", recipe, "--run-dir", tmp_path / "run", "--set", "budget.max_steps=20").stderr
    assert re.search(r"^[\d,]+ of [\d,]+ parameters train \(100.0%\), 20 steps, cpu, fp32$", told, re.M)
    assert re.search(r"^step 0  topic accuracy 0\.\d{4}  entities f1 0\.\d{4}  embedding drift 0\.0000$", told, re.M)
    assert re.search(r"^step 20  epoch [\d.]+  (topic|entities) loss [\d.]+  [\d,]+ tokens/s$", told, re.M)
    assert re.search(r"^step 20  saved last \(\d+\.\d MB\)$", told, re.M)
    assert re.search(r"^completed after 20 steps: topic accuracy", told, re.M)


def test_a_setting_goes_before_the_recipe(recipe: Path, tmp_path: Path):
    succeed("train", recipe, "--run-dir", tmp_path / "run", "--set", "budget.max_steps=2", "--set", "seed=9")
    written = yaml.safe_load((tmp_path / "run" / "recipe.yaml").read_text())
    assert (written["budget"]["max_steps"], written["seed"]) == (2, 9)


def test_a_run_without_a_folder_lands_under_the_home(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    succeed("train", recipe, "--set", "budget.max_steps=1")
    (folder,) = (tmp_path / "home" / "runs").iterdir()
    assert "-small-" in folder.name


def test_all_frozen_says_that_nothing_trains(recipe: Path, tmp_path: Path):
    told = succeed("train", recipe, "--run-dir", tmp_path / "run", "--set", "freezing={preset: all_frozen}").stderr
    assert "Nothing trains" in told
    assert "0 of" in told


@pytest.mark.parametrize("name", BROKEN_DATA)
def test_broken_data_are_one_line_with_file_and_line_in_training(
    recipe: Path, tmp_path: Path, name: str, tiny_bert: Path
):
    task, file, content, line = BROKEN_DATA[name]
    (tmp_path / file).write_bytes(content)
    kind = TASKS[task]["kind"]
    setting = f"tasks={{{task}: {{kind: {kind}, train: {tmp_path / file}}}}}"
    message = complaint("train", recipe, "--run-dir", tmp_path / "run", "--set", setting)
    assert message.startswith(f"{tmp_path / file}:{line}: ")
    assert RunFolder(tmp_path / "run").read_status().state is RunState.FAILED


def test_a_missing_recipe_is_one_line(tmp_path: Path):
    message = complaint("train", tmp_path / "none.yaml")
    assert message == f"{tmp_path / 'none.yaml'}: a readable recipe was expected: No such file or directory"


def test_a_wrong_key_is_one_line(recipe: Path):
    assert complaint("train", recipe, "--set", "colour=red") == f"{recipe}: colour: this key is unknown"


def test_a_missing_backbone_is_one_line(recipe: Path, tmp_path: Path):
    message = complaint("train", recipe, "--run-dir", tmp_path / "run", "--set", "backbone=no-such/model")
    assert message.startswith("no-such/model: neither a folder here nor a model that can be fetched")


def test_a_run_folder_in_use_is_one_line(recipe: Path, trained: Path):
    assert (
        complaint("train", recipe, "--run-dir", trained)
        == f"{trained}: a new folder was expected, this one holds a run"
    )


def test_a_folder_that_holds_a_model_is_no_run_folder(recipe: Path, tiny_bert: Path):
    message = complaint("train", recipe, "--run-dir", tiny_bert)
    assert message == f"--run-dir: a new folder was expected, {tiny_bert} holds a model"


def test_the_handlers_of_signals_are_put_back(recipe: Path, tmp_path: Path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    succeed("train", recipe, "--run-dir", tmp_path / "run", "--set", "budget.max_steps=1")
    after = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    signal.signal(signal.SIGTERM, before[1])
    assert after == before


def train_and_hang(recipe: Path, run: Path, reached: Path, *, phase: str, stubborn: bool) -> None:
    """In a child: train, and wait in a phase for signals; a stubborn one swallows an interrupt."""

    def hang(*_: object, **__: object) -> None:
        reached.touch()
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            if not stubborn:
                raise
            reached.with_suffix(".again").touch()
            time.sleep(60)

    forget_signal_stack()
    owner, name = {"loading": (loop, "set_up"), "a step": (accumulation, "batch_loss")}[phase]
    with pytest.MonkeyPatch.context() as patch, (run.parent / "printed").open("w") as printed:
        patch.setattr(owner, name, hang)
        sys.stdout = sys.stderr = printed
        sys.exit(main(["train", str(recipe), "--run-dir", str(run)]))


@pytest.mark.parametrize("phase", ["loading", "a step"])
@pytest.mark.parametrize("numbers", [(signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)])
def test_a_second_interrupt_ends_the_run_at_once(
    recipe: Path, tmp_path: Path, phase: str, numbers: tuple[signal.Signals, signal.Signals]
):
    folder, reached = RunFolder(tmp_path / "run"), tmp_path / "reached"
    child = start(lambda: train_and_hang(recipe, folder.path, reached, phase=phase, stubborn=False))
    wait_for(reached, child)
    os.kill(child.pid, numbers[0])
    wait_for(folder.stop_file, child)
    os.kill(child.pid, numbers[1])
    assert exit_code(child) == 1
    assert folder.read_status().state is RunState.STOPPED
    printed = (tmp_path / "printed").read_text().splitlines()
    assert printed[-2:] == ["stopping after this step, with its weights; once more ends the run at once", "stopped"]
    assert "Traceback" not in "\n".join(printed)


def test_a_third_interrupt_kills_a_run_that_held_the_second_up(recipe: Path, tmp_path: Path):
    folder, reached = RunFolder(tmp_path / "run"), tmp_path / "reached"
    child = start(lambda: train_and_hang(recipe, folder.path, reached, phase="a step", stubborn=True))
    wait_for(reached, child)
    os.kill(child.pid, signal.SIGINT)
    wait_for(folder.stop_file, child)
    os.kill(child.pid, signal.SIGINT)
    wait_for(reached.with_suffix(".again"), child)
    os.kill(child.pid, signal.SIGINT)
    assert exit_code(child) == -signal.SIGINT
    assert folder.read_status().state is RunState.STOPPED
    assert folder.read_status().message.startswith("it did not react to the request to stop and was ended")


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        ((), "a recipe, or --resume and a run folder were expected"),
        (("--resume", "none"), "none: a run folder with a readable status.json was expected"),
        (("--resume", "none", "--set", "seed=1"), "--resume goes on with the run as it was begun"),
        (("--resume", "none", "--run-dir", "other"), "--resume goes on with the run as it was begun"),
        (("recipe.yaml", "--resume", "none"), "--resume goes on with the run as it was begun"),
    ],
)
def test_what_cannot_go_on_is_one_line(arguments: tuple[str, ...], gist: str):
    assert gist in complaint("train", *arguments)


def test_a_run_that_came_to_its_end_does_not_go_on(trained: Path):
    assert complaint("train", "--resume", trained).endswith(
        "the run has come to its end at step 15, nothing is left to do"
    )
    assert RunFolder(trained).read_status().state is RunState.FINISHED
