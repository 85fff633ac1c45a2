"""Every model that a run can start from with every freezing preset: nothing is lost on the way in or out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import mtl
from mtl.checkpoint.store import LoadedModel, load
from mtl.data import read_task, texts_of
from mtl.errors import RecipeError
from mtl.inference import Analysis, Engine
from mtl.outside import summary
from mtl.recipe import Recipe
from mtl.runs import Step
from mtl.training.initial_model import load_initial_model
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin
from tests.tiers import pairs

TEXTS = ["anna met tom in paris", "a very bad film", "the team won the match in Berlin, didn't it?"]
STEPS = 5  # one for each stage of `gradual` on three layers
FULL = {"preset": "full"}
LORA = {"preset": "lora", "rank": 2}
STARTS: dict[str, list[dict[str, object]]] = {
    "backbone": [],
    "full": [FULL],
    "last_layers": [{"preset": "last_layers", "layers": 1}],
    "embeddings_frozen": [{"backbone": "full", "embeddings": "frozen"}],
    "lora": [LORA],
    "lora_then_full": [LORA, FULL],
}
"""The trainings behind each start, one after the other."""
PRESETS: dict[str, dict[str, object]] = {
    "all_frozen": {"preset": "all_frozen"},
    "heads_only": {"preset": "heads_only"},
    "one_head_frozen": {"preset": "one_head_frozen", "frozen_heads": "topic"},
    "last_layers": {"preset": "last_layers", "layers": 1},
    "full": FULL,
    "lora": {"preset": "lora"},
    "probe_then_finetune": {"preset": "probe_then_finetune", "layers": 2, "probe": 0.4},
    "gradual": {"preset": "gradual"},
}
Make = Callable[..., Recipe]
Tensors = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Case:
    """A run from a start with a preset: its model at the end, and what was seen before the first step."""

    recipe: Recipe
    folder: Path
    model: LoadedModel
    at_start: list[Analysis]
    before: Tensors
    started_from: list[Analysis]
    """What the model that the run started from gave when its own training had ended."""


def copied(model: LoadedModel) -> Tensors:
    return {name: parameter.detach().clone() for name, parameter in model.model.named_parameters()}


def answers(model: LoadedModel | Path) -> list[Analysis]:
    """Of a model in memory, or of a checkpoint or backbone on disk."""
    if isinstance(model, Path):
        return Engine.load(model, backend="torch", precision="fp32").analyze(TEXTS)
    model.model.eval()
    return Engine.of(model, name="memory").analyze(TEXTS)


def assert_equal(found: list[Analysis], expected: list[Analysis]) -> None:
    """Embeddings, and the answers of every head that both have."""
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.embedding, other.embedding, rtol=0, atol=1e-6)
        for task in one.classes.keys() & other.classes.keys():
            assert one.classes[task] == pytest.approx(other.classes[task], abs=1e-6)
        for task in one.entities.keys() & other.entities.keys():
            places, scores = (
                [[e[key] for e in side.entities[task]] for side in (one, other)] for key in ("start", "score")
            )
            assert places[0] == places[1]
            assert scores[0] == pytest.approx(scores[1], abs=1e-6)


@pytest.fixture(scope="module", autouse=True)
def few_texts() -> Iterator[None]:
    """Even these few examples are summarised."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary, "LEAST_TEXTS", 4)
        yield


@pytest.fixture(scope="module")
def make(tmp_path_factory: pytest.TempPathFactory) -> Make:
    data = tmp_path_factory.mktemp("data")

    def make(backbone: Path, freezing: dict[str, object]) -> Recipe:
        return quick_recipe(
            backbone,
            data,
            freezing=freezing,
            budget={"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64},
            optimizer={"backbone_lr": 1e-2, "head_lr": 1e-2, "warmup": 0.0},
            sampling={"schedule": "round_robin"},
        )

    return make


@pytest.fixture(scope="module")
def start(make: Make, tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory):
    """The folder of a start, and what its model gave when it was made."""
    made: dict[str, tuple[Path, list[Analysis]]] = {}

    def start(name: str) -> tuple[Path, list[Analysis]]:
        if name not in made:
            place, given = tiny_bert, answers(tiny_bert)
            for i, freezing in enumerate(STARTS[name]):
                folder = tmp_path_factory.mktemp(f"{name}-{i}")
                trainer, events = begin(make(place, freezing), folder)
                list(events)
                place, given = folder / "last", answers(trainer.loaded)
            made[name] = place, given
        return made[name]

    return start


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(pair.values, marks=pair.marks, id="-".join(pair.values))
        for pair in pairs(list(STARTS), list(PRESETS), every=3)
    ],
)
def case(request: pytest.FixtureRequest, start, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Case:
    name, preset = request.param
    place, given = start(name)
    folder = tmp_path_factory.mktemp("case")
    recipe = make(place, PRESETS[preset])
    trainer, events = begin(recipe, folder)
    at_start, before = answers(trainer.loaded), copied(trainer.loaded)
    trainer.freezer.train()
    list(events)
    return Case(recipe, folder, trainer.loaded, at_start, before, given)


def test_at_step_0_the_model_is_what_the_run_started_from(case: Case):
    assert_equal(case.at_start, case.started_from)


def test_what_is_frozen_stays_bit_equal_and_what_trains_changes(case: Case):
    after, trains = copied(case.model), {n for n, p in case.model.model.named_parameters() if p.requires_grad}
    changed = {name for name, tensor in case.before.items() if not torch.equal(tensor, after[name])}
    assert changed <= trains
    assert bool(changed) == bool(trains) == (case.recipe.freezing.preset != "all_frozen")


def test_a_saved_model_loads_as_it_is_in_memory(case: Case):
    loaded = load(case.folder / "last")
    found, expected = copied(loaded), copied(case.model)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_an_engine_answers_as_the_model_in_memory(case: Case):
    assert_equal(answers(case.folder / "last"), answers(case.model))


def test_the_training_texts_are_summarised_by_the_encoder_that_is_saved(case: Case):
    """Where nothing trains, those of the checkpoint before."""
    loaded = load(case.folder / "last")
    trained = case.recipe.freezing.preset != "all_frozen" or loaded.changed
    assert loaded.outside.keys() == ({"topic", "names"} if trained else set())
    engine = Engine.of(loaded, name="last")
    for task, known in loaded.outside.items():
        texts = [text for e in read_task(task, case.recipe.tasks[task]).train for text in texts_of(e)]
        expected = engine.encode(texts, normalize_embeddings=True)
        np.testing.assert_allclose(known.centres, expected, rtol=0, atol=2e-3)


def test_the_next_run_starts_where_this_one_ended(case: Case, make: Make):
    recipe = make(case.folder / "last", case.recipe.freezing.model_dump(mode="json"))
    data = {name: read_task(name, task) for name, task in recipe.tasks.items()}
    assert_equal(answers(load_initial_model(recipe, data).loaded), answers(case.model))


def test_a_run_that_is_stopped_and_resumed_ends_with_the_same_weights(case: Case, tmp_path: Path):
    if case.recipe.freezing.preset == "all_frozen":
        pytest.skip("nothing trains, so there is nothing to resume")
    stopping = [False]
    for event in mtl.train(case.recipe, folder=tmp_path, should_stop=lambda: stopping[0]):
        stopping[0] = isinstance(event, Step) and event.step == 2
    list(mtl.train(case.recipe, folder=tmp_path, resume=True))
    weights = [folder / "last" / "model.safetensors" for folder in (tmp_path, case.folder)]
    assert weights[0].read_bytes() == weights[1].read_bytes()


def test_names_of_adapted_weights_as_they_were_once_written_load_too(start, make: Make, tmp_path: Path):
    place, given = start("lora_then_full")
    tensors = load_file(place / "model.safetensors")
    adapted = {name.partition(".lora_A.")[0] for name in tensors if ".lora_A." in name}
    older = {
        f"{module}.base_layer.{kind}" if module in adapted else name: tensor
        for name, tensor in tensors.items()
        for module, _, kind in [name.rpartition(".")]
    }
    assert sum(".base_layer." in name for name in older) == 2 * len(adapted)
    for file in ("config.json", "README.md"):
        (tmp_path / file).write_bytes((place / file).read_bytes())
    save_file(older, tmp_path / "model.safetensors")
    assert_equal(answers(tmp_path), given)


@pytest.mark.parametrize("rank", [1, 3])
def test_adapters_of_another_rank_are_refused(start, make: Make, rank: int):
    place, _ = start("lora")
    expected = f"^freezing.rank: 2 was expected as the checkpoint's adapters have, was {rank}$"
    with pytest.raises(RecipeError, match=expected):
        next(mtl.train(make(place, {"preset": "lora", "rank": rank})))
