"""A trainer is killed, or its disk is full, at each phase: what the user sees, and that nothing is lost or stuck."""

import errno
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from safetensors import SafetensorError
from torch import Tensor

from demo.runs import RunManager, status_of
from mtl.cache import store
from mtl.checkpoint import store as checkpoints
from mtl.cli import training as command
from mtl.encoder import activations
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Finished, Noticed, RunFolder, RunState, Step, folder
from mtl.runs.processes import send_signal
from mtl.training import accumulation, keeping_summaries, loop, resume, run, session, setup
from mtl.training.stage import StageState
from mtl.weights import save_weights
from tests.hardening.running import ended, reaches, small_recipe, trainer_of, training_page
from tests.mtl.processes import sleep_at
from tests.tiers import slow_except
from tests.tiny import save_backbone
from tests.waiting import until

Patch = pytest.MonkeyPatch
OWNER = "ann"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_backbone("bert", tmp_path_factory.mktemp("backbones") / "bert")


@pytest.fixture
def recipe(backbone: Path, tmp_path: Path, monkeypatch: Patch) -> Recipe:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return small_recipe(backbone, tmp_path)


def at_call(original: Callable[..., object], number: int, act: Callable[..., object]) -> Callable[..., object]:
    """A function that acts in its nth call, and else is as it was."""
    calls = iter(range(1, 10_000))

    def called(*values: object, **named: object) -> object:
        if next(calls) == number:
            act(*values, **named)
        return original(*values, **named)

    return called


PHASES = {
    "starting": (command, "load", 1),
    "writing the recipe": (run, "_write_recipe", 1),
    "reading": (setup, "read_task", 1),
    "tokenising": (setup, "tokenize", 1),
    "measuring the precision": (setup, "choose_precision", 1),
    "the first evaluation": (StageState, "evaluate", 1),
    "filling the cache": (activations.ActivationCache, "_fill", 2),
    "the first step": (accumulation, "batch_loss", 1),
    "a later step": (accumulation, "batch_loss", 4),
    "telling of a step": (folder, "append_line", 6),
    "the last state": (resume, "save_weights", 1),
    "half of the last state": (resume, "asdict", 1),
    "the last evaluation": (StageState, "evaluate", 2),
    "the last checkpoint": (session, "save", 2),
    "summarising the training texts": (keeping_summaries, "write_summaries", 1),
}


def page_that_halts(phase: str, tmp_path: Path, patch: Patch) -> tuple[RunManager, Path]:
    """A page whose first trainer halts at a phase, and the file that is there from then on."""
    where, name, number = PHASES[phase]
    reached = tmp_path / "reached"

    def prepare(patch: Patch) -> None:
        patch.setattr(where, name, at_call(getattr(where, name), number, lambda *_, **__: sleep_at(reached)))

    return training_page(patch, prepare), reached


@pytest.mark.parametrize(
    "phase", slow_except(PHASES, "filling the cache", "a later step", "half of the last state", "the last checkpoint")
)
def test_a_trainer_that_is_killed_loses_nothing_that_was_kept_and_blocks_nobody(
    recipe: Recipe, tmp_path: Path, monkeypatch: Patch, phase: str
):
    runs, reached = page_that_halts(phase, tmp_path, monkeypatch)
    killed, waiting = (runs.start(recipe, owner=OWNER) for _ in range(2))
    until(reached.exists, phase)
    steps = [event for event in killed.events() if isinstance(event, Step)]
    assert status_of(killed).state.is_live
    assert status_of(waiting).state is RunState.QUEUED
    assert send_signal(trainer_of(killed), signal.SIGKILL)

    status = ended(killed)
    assert (status.state, status.message) in {
        (RunState.DIED, "the process ended without finishing the run"),
        (RunState.DIED, "the process ended before the run began"),
    }
    assert ended(waiting).state is RunState.FINISHED  # nothing is stuck
    assert [event for event in killed.events() if isinstance(event, Step)][: len(steps)] == steps
    runs.resume(killed.id, OWNER)
    assert ended(killed).state is RunState.FINISHED
    assert_same_end(killed, waiting)


def assert_same_end(first: RunFolder, second: RunFolder) -> None:
    """Both runs came to the same figures, as if neither had been interrupted."""
    ends = []
    for one in (first, second):
        events = one.events()
        assert [event.step for event in events if isinstance(event, Step)] == list(range(1, 7))
        assert sum(isinstance(event, Finished) for event in events) == 1
        ends.append([event.metrics for event in events if isinstance(event, Evaluated)][-1])
    assert ends[0] == pytest.approx(ends[1], abs=1e-5)


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def full_in_rust(tensors: Mapping[str, Tensor], file: Path, **_: object) -> None:
    """As `save_weights` meets it."""

    def refuse(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    with Patch.context() as patch:
        patch.setattr("safetensors.torch.save_file", refuse)
        save_weights(tensors, file)


def too_large(tensors: Mapping[str, Tensor], file: Path, **_: object) -> None:
    raise OSError(errno.EFBIG, "File too large", str(file))


FULL = {
    "writing the recipe": (run, "_write_recipe", full, 1),
    "telling of the start": (folder, "append_line", full, 1),
    "telling of a step": (folder, "append_line", full, 6),
    "writing the status": (folder, "replace_file", full, 3),
    "the last state": (resume, "save_weights", full_in_rust, 1),
    "the last checkpoint": (checkpoints, "save_weights", full_in_rust, 2),
}


@pytest.mark.parametrize("phase", slow_except(FULL, "telling of a step", "the last state", "the last checkpoint"))
def test_a_full_disk_ends_a_run_with_a_sentence_and_it_goes_on_when_there_is_room(
    recipe: Recipe, monkeypatch: Patch, phase: str
):
    where, name, fails, number = FULL[phase]

    def prepare(patch: Patch) -> None:
        patch.setattr(where, name, at_call(getattr(where, name), number, fails))

    runs = training_page(monkeypatch, prepare)
    broken, waiting = (runs.start(recipe, owner=OWNER) for _ in range(2))
    status = ended(broken)
    if phase == "writing the status":  # it is written over in place
        assert status.state is RunState.FINISHED
    else:
        assert status.state is RunState.FAILED
        assert status.message.startswith("the disk is full, so the run ends here; what was saved before is kept")
    assert ended(waiting).state is RunState.FINISHED
    if status.state is RunState.FAILED:
        runs.resume(broken.id, OWNER)
        assert ended(broken).state is RunState.FINISHED
    assert_same_end(broken, waiting)


def test_what_else_the_system_refuses_is_told_by_the_name_of_the_file(recipe: Recipe, monkeypatch: Patch):
    def prepare(patch: Patch) -> None:
        patch.setattr(resume, "save_weights", at_call(resume.save_weights, 1, too_large))

    runs = training_page(monkeypatch, prepare)
    broken = runs.start(recipe, owner=OWNER)
    status = ended(broken)
    assert status.state is RunState.FAILED
    assert status.message == "state.safetensors: File too large; the log has the whole story"
    runs.resume(broken.id, OWNER)
    assert ended(broken).state is RunState.FINISHED


def test_a_full_disk_costs_the_cache_and_not_the_run(recipe: Recipe, monkeypatch: Patch):
    runs = training_page(monkeypatch, lambda patch: patch.setattr(store, "_reserve", full))
    assert ended(runs.start(recipe, owner=OWNER)).state is RunState.FINISHED


def test_a_full_disk_costs_the_summaries_and_not_the_run(recipe: Recipe, monkeypatch: Patch):
    runs = training_page(monkeypatch, lambda patch: patch.setattr(keeping_summaries, "write_summaries", full))
    found = runs.start(recipe, owner=OWNER)
    assert ended(found).state is RunState.FINISHED
    (told,) = [event.message for event in found.events() if isinstance(event, Noticed)]
    assert told.endswith("cannot tell which texts are unlike its training texts: the disk is full")


def test_a_disk_on_which_not_even_the_failure_can_be_written_leaves_a_run_that_died(recipe: Recipe, monkeypatch: Patch):
    def prepare(patch: Patch) -> None:
        patch.setattr(setup, "read_task", full)
        patch.setattr(folder, "append_line", full)
        patch.setattr(RunFolder, "write_status", full)

    runs = training_page(monkeypatch, prepare)
    broken = runs.start(recipe, owner=OWNER)
    assert ended(broken).state is RunState.DIED
    runs.resume(broken.id, OWNER)
    assert ended(broken).state is RunState.FINISHED


@pytest.mark.parametrize("phase", slow_except(["reading", "filling the cache", "a later step"], "a later step"))
def test_a_trainer_that_does_not_react_is_ended_and_goes_on_from_where_it_was(
    recipe: Recipe, tmp_path: Path, monkeypatch: Patch, phase: str
):
    runs, reached = page_that_halts(phase, tmp_path, monkeypatch)
    stuck = runs.start(recipe, owner=OWNER)
    until(reached.exists, phase)
    runs.stop(stuck.id, OWNER)
    status = ended(stuck)
    assert status.state is RunState.STOPPED
    assert "resuming goes on from the last state that was kept" in status.message
    runs.resume(stuck.id, OWNER)
    assert ended(stuck).state is RunState.FINISHED


def test_memory_that_runs_out_is_one_sentence(recipe: Recipe, monkeypatch: Patch):
    def out_of_memory(*_: object, **__: object) -> None:
        raise MemoryError

    runs = training_page(monkeypatch, lambda patch: patch.setattr(loop, "set_up", out_of_memory))
    status = ended(runs.start(recipe, owner=OWNER))
    assert status.state is RunState.FAILED
    assert status.message.startswith("more memory was needed than this process may have")
    assert reaches(runs.start(recipe, owner=OWNER), RunState.FINISHED)
