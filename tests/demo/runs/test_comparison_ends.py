"""How a comparison stands that ended before its last strategy."""

import time

import pytest

from demo.runs import status_of
from demo.runs.info import TABLE
from demo.runs.manager import can_resume
from demo.runs.run_store import write_presets
from mtl.runs import RunFolder, RunState, Status, runs_root


@pytest.fixture
def comparison(tmp_path, monkeypatch) -> RunFolder:
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    folder = RunFolder(runs_root() / "compare-1")
    folder.create()
    write_presets(folder, ("full", "lora", "heads_only"))
    (folder.path / TABLE).write_text("[]")  # of the strategies that were done
    now = time.time()
    folder.write_status(Status(RunState.QUEUED, 0, 0.0, started=now, updated=now))
    return folder


def add(comparison: RunFolder, name: str, state: RunState) -> None:
    member = RunFolder(comparison.path / name)
    member.create()
    now = time.time()
    member.write_status(Status(state, 1, 1.0, started=now, updated=now))


ENDS = {
    "stopped by its owner": (lambda one: one.request_stop(), "error: lora: the run was stopped", RunState.STOPPED, ""),
    "over a limit": (lambda one: one.request_stop("too long"), "error: x", RunState.FAILED, "too long"),
    "one cannot be loaded": (lambda one: None, "error: backbone none: not found", RunState.FAILED, "backbone none"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_comparison_that_ended_early_says_so_and_can_be_resumed(comparison, how):
    ending, log, state, message = ENDS[how]
    add(comparison, "full-seed42", RunState.FINISHED)
    comparison.log_file.write_text(f"runs: here\n{log}\n")
    ending(comparison)
    found = status_of(comparison)
    assert (found.state, found.step, found.total_steps) == (state, 1, 3)
    assert message in (found.message or "")
    assert can_resume(comparison)


@pytest.mark.parametrize("count", [2, 3])
def test_a_comparison_whose_table_is_whole_is_finished_though_a_run_was_deleted(comparison, count):
    for name in ("full", "lora", "heads_only")[:count]:
        add(comparison, f"{name}-seed42", RunState.FINISHED)
    comparison.log_file.write_text("runs: here\n")
    assert status_of(comparison).state is RunState.FINISHED
