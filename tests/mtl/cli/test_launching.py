"""`accelerate launch -m mtl train`: one process speaks, a signal to the launcher stops all in order."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from mtl.runs import RunFolder, RunState, Started, Step
from tests.mtl.cli.calling import complaint
from tests.mtl.ranks import on_ranks
from tests.waiting import CEILING, until

ROOT = Path(__file__).parents[3]


def launch(*arguments: object, how: str = "--multi_gpu") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "accelerate.commands.launch", how, "--num_processes", "2"]
    command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GLOO_SOCKET_IFNAME": "lo"}
    train = [*command, "-m", "mtl", "train", *map(str, arguments)]
    return subprocess.Popen(train, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_launched_run_speaks_once_and_leaves_one_run_folder(recipe: Path, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    process = launch(recipe, "--run-dir", folder.path, "--set", "budget.max_steps=20")
    stdout, stderr = process.communicate(timeout=CEILING)
    assert process.returncode == 0, stderr
    assert stdout == f"run folder: {folder.path}\n"
    assert stderr.count("note: 2 processes share each batch and each evaluation") == 1
    assert stderr.count("step 20  saved last") == 1
    assert folder.read_status().state is RunState.FINISHED


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="two GPUs are needed")
@pytest.mark.parametrize("how", ["--multi_gpu", "--use_fsdp"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_run_is_shared_by_two_gpus(recipe: Path, tmp_path: Path, how: str, precision: str):
    folder = RunFolder(tmp_path / "run")
    settings = ["--set", "budget.max_steps=20", "--set", f"precision={precision}"]
    process = launch(recipe, "--run-dir", folder.path, *settings, how=how)
    assert process.wait(CEILING) == 0
    started, *events = folder.events()
    assert isinstance(started, Started)
    assert started.device == "cuda:0"
    losses = [event.loss for event in events if isinstance(event, Step)]
    assert all(map(math.isfinite, losses))
    assert sum(losses[-4:]) < sum(losses[:4])


@pytest.mark.slow
def test_an_interrupt_of_the_launcher_stops_the_run_in_order_and_it_can_be_resumed(recipe: Path, tmp_path: Path):
    folder = RunFolder(tmp_path / "run")
    settings = ["--set", "budget.max_steps=100000", "--set", "budget.epochs=1000"]
    process = launch(recipe, "--run-dir", folder.path, *settings)
    until(lambda: any(isinstance(event, Step) for event in folder.events()), "a step")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=CEILING)
    status = folder.read_status()
    assert status.state is RunState.STOPPED
    assert status.message.startswith("stopped after ")
    again = launch("--resume", folder.path)
    until(lambda: folder.read_status().step > status.step, "a further step")
    folder.request_stop()
    assert again.wait(CEILING) == 0


@pytest.mark.slow
def test_a_mistake_is_one_line_of_one_process(recipe: Path, tmp_path: Path):
    process = launch(recipe, "--run-dir", tmp_path / "run", "--set", "colour=red")
    stderr = process.communicate(timeout=CEILING)[1]
    assert process.returncode != 0
    assert stderr.count(f"error: {recipe}: colour: this key is unknown") == 1


@pytest.mark.parametrize("command", [["plan", "x.yaml"], ["predict", "starter", "a.txt", "b.jsonl"]])
def test_other_commands_refuse_several_processes(monkeypatch: pytest.MonkeyPatch, command: list[str]):
    monkeypatch.setenv("WORLD_SIZE", "2")
    message = f"several processes share the work of train only, {command[0]} runs in one"
    assert complaint(*command) == message


@pytest.mark.parametrize("name", ["DEEPSPEED", "MEGATRON_LM"])
def test_a_launch_for_another_engine_is_refused(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv(f"ACCELERATE_USE_{name}", "true")
    message = complaint("train", recipe, "--run-dir", tmp_path / "run")
    assert message.startswith("a launch with --multi_gpu or --use_fsdp was expected, this one uses ")
    assert not (tmp_path / "run").exists()


def train_once(recipe: Path, folder: Path) -> str:
    return complaint("train", recipe, "--run-dir", folder, "--set", "backbone=no-such/model")


def test_an_error_of_all_processes_is_that_of_the_main_one(recipe: Path, tmp_path: Path):
    main, second = on_ranks(2, lambda: train_once(recipe, tmp_path / "run"))
    assert main.startswith("no-such/model: neither a folder here")
    assert second.startswith("no-such/model: neither a folder here")
    assert RunFolder(tmp_path / "run").read_status().state is RunState.FAILED
