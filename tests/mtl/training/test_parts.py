"""With FSDP each process holds a part of the encoder; the run is that of one process all the same."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch.distributed.fsdp  # noqa: F401
from safetensors.torch import load_file

import mtl
from mtl.checkpoint.store import load
from mtl.distributed import is_shared, world
from mtl.errors import RecipeError, TrainingError
from mtl.outside import summary
from mtl.recipe import Recipe
from mtl.runs import Event, Started, Step
from mtl.training.loop import train
from tests.mtl.no_dropout import copy_without_dropout
from tests.mtl.ranks import ending_on_ranks, on_ranks
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin
from tests.mtl.training.test_ranks import Shown, assert_alike, shown
from tests.tiers import slow_except

STEPS, EVERY = 6, 3
NO_DROPOUT = {"head": {"dropout": 0.0}}
SECTIONS: dict[str, dict[str, object]] = {
    "full": {"freezing": {"preset": "full"}, "balancing": "uncertainty"},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 1}, "anchor": 1.0},
    "in half precision": {"freezing": {"preset": "full"}, "checkpoint": {"dtype": "float16"}},
    "lora in micro-batches": {
        "freezing": {"preset": "lora", "rank": 2},
        "budget": {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64, "micro_batch_tokens": 24},
    },
}


@pytest.fixture(scope="module")
def make(backbone_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Recipe]:
    """A recipe of a few steps without dropout."""
    data = tmp_path_factory.mktemp("data")
    backbone = copy_without_dropout(backbone_folder("bert"), data / "backbone")

    def make(**sections: object) -> Recipe:
        tasks = {"tasks_topic": {"max_rows": 7, **NO_DROPOUT}, "tasks_names": NO_DROPOUT}
        tasks["tasks_pairs"] = {"head": {"loss": "cosine"}}
        budget = {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64}
        changed = {"budget": budget, "evaluation": {"every": EVERY}, "seed": 3, **tasks, **sections}
        return quick_recipe(backbone, data, **changed)

    return make


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")


@pytest.mark.parametrize("name", slow_except(SECTIONS, "full"))
def test_processes_with_parts_of_the_encoder_have_the_losses_and_figures_of_one(
    make: Callable[..., Recipe], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(summary, "LEAST_TEXTS", 4)
    recipe = make(**SECTIONS[name])
    alone = shown(list(mtl.train(recipe, folder=tmp_path / "alone")))
    found = on_ranks(3, lambda: shown(list(mtl.train(recipe, folder=tmp_path / "parts"))))
    assert found[0] == found[1] == found[2]
    assert_alike(found[0], alone, 1e-4)
    kept, expected = (load_file(tmp_path / place / "last" / "model.safetensors") for place in ("parts", "alone"))
    assert {key: value.shape for key, value in kept.items()} == {key: value.shape for key, value in expected.items()}
    for key, value in expected.items():
        if not key.endswith("key.bias"):  # it changes nothing, so its gradient is noise, which AdamW makes large
            assert (kept[key] - value).abs().max() < 1e-3, key
    for place in ("best", "last"):
        own, theirs = (load(tmp_path / run / place).outside for run in ("parts", "alone"))
        assert own.keys() == theirs.keys() == {"topic", "names"}
        for task, one in own.items():
            np.testing.assert_allclose(one.centres, theirs[task].centres, atol=5e-3)


def held(recipe: Recipe) -> tuple[int, int]:
    """The numbers of the encoder that this process holds, and all of them."""
    trainer, run = begin(recipe)
    parameters = list(trainer.loaded.model.encoder.parameters())
    assert all(is_shared(parameter.data) for parameter in parameters)
    run.close()
    return sum(p.to_local().numel() for p in parameters), sum(p.numel() for p in parameters)


def test_each_process_holds_its_part(make: Callable[..., Recipe]):
    parts = on_ranks(2, lambda: held(make()))
    assert parts[0][0] + parts[1][0] == parts[0][1]
    assert min(own for own, _ in parts) > 0.4 * parts[0][1]


def until(recipe: Recipe, folder: Path, step: int, *, resume: bool) -> Shown:
    """Train to a step in the main process's view, from the beginning or from the state in the folder."""
    found: list[Event] = []

    def stop() -> bool:
        return bool(found) and found[-1].step >= step

    for event in train(recipe, folder=folder, should_stop=stop, resume=resume):
        found.append(event)
        if isinstance(event, Started):
            assert event.step == (EVERY if resume else 0)
    return [one for one in shown(found) if isinstance(one[1], str)]


@pytest.mark.parametrize("first", slow_except([1, 2], 2), ids=["begun alone", "begun in parts"])
def test_a_state_is_whole_so_that_a_run_goes_on_in_parts_or_alone(
    make: Callable[..., Recipe], tmp_path: Path, first: int
):
    recipe = make(balancing="uncertainty")
    expected = [one for one in shown(list(mtl.train(recipe))) if isinstance(one[1], str)]

    def run(size: int, step: int, *, resume: bool) -> Shown:
        work = lambda: until(recipe, tmp_path / "run", step, resume=resume)  # noqa: E731
        return work() if size == 1 else on_ranks(size, work)[0]

    begun = run(first, EVERY, resume=False)
    gone_on = run(3 - first, STEPS, resume=True)
    assert_alike([*begun, *gone_on], expected, 1e-4)


def lose_one(recipe: Recipe) -> str:
    try:
        for event in mtl.train(recipe):
            if world().rank == 1 and isinstance(event, Step) and event.step == 2:
                os.kill(os.getpid(), signal.SIGKILL)
    except TrainingError as error:
        return str(error)
    return "nothing happened"


def test_a_process_that_has_ended_is_an_error_in_the_others(make: Callable[..., Recipe]):
    (ended, told), (killed, _) = ending_on_ranks(2, lambda: lose_one(make()))
    assert (ended, killed) == (0, -signal.SIGKILL)
    assert told.startswith("a process of this run has ended or cannot be reached")


def refused(recipe: Recipe) -> str:
    try:
        list(mtl.train(recipe))
    except RecipeError as error:
        return str(error)
    return "nothing was refused"


@pytest.mark.parametrize(
    ("key", "sections"),
    [
        ("freezing.schedule", {"freezing": {"preset": "gradual"}}),
        ("evaluation.gradient_cosine", {"evaluation": {"gradient_cosine": True}}),
        ("head.loss", {"tasks_pairs": {"head": {"loss": "cosent"}}}),
        ("head.loss", {"tasks_pairs": {"head": {"loss": "multiple_negatives"}}}),
    ],
)
def test_what_does_not_go_with_parts_is_refused(make: Callable[..., Recipe], key: str, sections: dict[str, object]):
    sentence = f"{key}: its default was expected with FSDP"
    assert all(told.startswith(sentence) for told in on_ranks(2, lambda: refused(make(**sections))))
