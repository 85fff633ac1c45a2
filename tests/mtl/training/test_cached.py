"""Training from states kept on disk: the same losses as without them, whoever shares the cache or dies in it."""

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mtl.cache import RaggedRows
from mtl.encoder import ActivationCache
from mtl.inference.backends import openvino
from mtl.model import MultiTaskModel
from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, Noticed
from mtl.text.tokenized import TokenizedTexts
from mtl.training import accumulation, stage
from mtl.training.losses import BatchLoss
from mtl.training.train_set import TrainBatch
from tests.mtl.no_dropout import copy_without_dropout
from tests.mtl.processes import exit_code, kill_at, sleep_at, start, wait_for
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import events_of, losses

FREEZINGS: dict[str, dict[str, object]] = {
    "heads_only": {"preset": "heads_only"},
    "last_layers": {"preset": "last_layers", "layers": 1},
    "probe_then_finetune": {"preset": "probe_then_finetune", "layers": 1},
    "gradual": {"preset": "gradual"},
}
Make = Callable[..., Recipe]
EACH = pytest.mark.parametrize("freezing", FREEZINGS.values(), ids=FREEZINGS)


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of an empty cache."""
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home" / "cache"


@pytest.fixture(scope="module")
def without_dropout(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_without_dropout(tiny_bert, tmp_path_factory.mktemp("quiet") / "bert")


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """A recipe of ten steps with a task of each kind and without dropout in the heads."""

    def make(freezing: dict[str, object], backbone: Path = tiny_bert, **sections: object) -> Recipe:
        plain = {"head": {"dropout": 0.0}}
        sections = {"tasks_topic": plain, "tasks_names": plain, **sections, "freezing": freezing}
        steps = {"epochs": 1000, "max_steps": 10, "batch_tokens": 64}
        rates = {"backbone_lr": 1e-3, "head_lr": 1e-3}
        return quick_recipe(backbone, tmp_path, **{"budget": steps, "optimizer": rates, **sections})

    return make


def seen(events: list[Event]) -> tuple[object, ...]:
    """All that a run shows but its times."""
    return losses(events), [(e.step, e.metrics, e.losses) for e in events if isinstance(e, Evaluated)]


def entries(cache: Path) -> set[str]:
    return {place.name for place in cache.iterdir()} if cache.is_dir() else set()


@EACH
def test_losses_with_and_without_the_cache_agree_within_half_precision(
    recipe: Make, without_dropout: Path, cache: Path, freezing: dict[str, object]
):
    cached = losses(events_of(recipe(freezing, without_dropout)))
    assert entries(cache)
    direct = losses(events_of(recipe(freezing, without_dropout, cache={"enabled": False})))
    assert [task for task, _ in cached] == [task for task, _ in direct]
    assert [loss for _, loss in cached] == pytest.approx([loss for _, loss in direct], abs=1e-3)


@pytest.fixture
def openvino_fills(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """OpenVINO computes what heads read, however little there is; the names of what filled an entry."""
    if not openvino.is_installed():
        pytest.skip("OpenVINO is not installed")
    monkeypatch.setattr(stage, "FEW_TOKENS", 0)
    monkeypatch.setattr(stage, "FEW_PARAMETERS", 0)
    names: list[str] = []
    honest = ActivationCache._fill

    def fill(self: ActivationCache, out: RaggedRows, texts: TokenizedTexts) -> None:
        names.append(self.backend.name if self.backend else "torch")
        honest(self, out, texts)

    monkeypatch.setattr(ActivationCache, "_fill", fill)
    return names


@pytest.mark.parametrize("layers", ["last", "mix", 2])
def test_another_backend_fills_the_cache_for_training_and_none_for_evaluation(
    recipe: Make, without_dropout: Path, openvino_fills: list[str], layers: str
):
    heads = {"tasks_names": {"head": {"dropout": 0.0, "layers": layers}}, "precision": "fp32"}
    make = partial(recipe, FREEZINGS["heads_only"], without_dropout, **heads)
    filled = events_of(make())
    assert set(openvino_fills) == {"torch", "openvino fp32"}
    told = [event.message for event in filled if isinstance(event, Noticed)]
    assert len(told) == 1 and told[0].startswith("openvino fp32 computes the cached activations")
    direct = events_of(make(cache={"enabled": False}))
    assert not any(isinstance(event, Noticed) for event in direct)
    assert [loss for _, loss in losses(filled)] == pytest.approx([loss for _, loss in losses(direct)], abs=2e-3)
    evaluated = [next(e for e in events if isinstance(e, Evaluated)) for events in (filled, direct)]
    assert evaluated[0].metrics == pytest.approx(evaluated[1].metrics, abs=1e-6)


def test_activations_of_another_backend_are_other_entries(recipe: Make, cache: Path, openvino_fills: list[str]):
    events_of(recipe(FREEZINGS["heads_only"], precision="fp32"))
    before = entries(cache)
    events_of(recipe(FREEZINGS["heads_only"]))
    assert before < entries(cache)
    assert len(set(openvino_fills)) == 3


@EACH
def test_a_run_that_reads_the_cache_equals_the_one_that_filled_it_to_the_bit(
    recipe: Make, cache: Path, freezing: dict[str, object], monkeypatch: pytest.MonkeyPatch
):
    first = seen(events_of(recipe(freezing)))
    assert entries(cache)
    monkeypatch.setattr(ActivationCache, "_fill", lambda *_: pytest.fail("activations were computed again"))
    assert seen(events_of(recipe(freezing))) == first


@pytest.mark.parametrize(("layers", "run"), [(0, set()), (1, {2}), (2, {1, 2})])
def test_a_training_step_runs_no_layer_below_the_cut(
    recipe: Make, monkeypatch: pytest.MonkeyPatch, layers: int, run: set[int]
):
    honest, seen_layers = accumulation.batch_loss, set()

    def watched(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        parts = enumerate(model.encoder.parts().layers)
        hooks = [layer.register_forward_hook(lambda *_, i=i: seen_layers.add(i)) for i, layer in parts]
        loss = honest(model, batch)
        for hook in hooks:
            hook.remove()
        return loss

    monkeypatch.setattr(accumulation, "batch_loss", watched)
    freezing = {"preset": "last_layers", "layers": layers} if layers else {"preset": "heads_only"}
    events_of(recipe(freezing))
    assert seen_layers == run


def test_a_disabled_cache_is_left_alone(recipe: Make, cache: Path):
    events_of(recipe(FREEZINGS["heads_only"], cache={"enabled": False}))
    assert not cache.exists()


def test_where_nothing_is_frozen_nothing_is_kept(recipe: Make, cache: Path):
    events_of(recipe({"preset": "full"}))
    events_of(recipe({"preset": "lora", "rank": 2}))
    assert not cache.exists()


@pytest.mark.parametrize("freezing", [FREEZINGS["heads_only"], FREEZINGS["gradual"]], ids=["heads_only", "gradual"])
def test_a_store_without_room_trains_as_without_a_cache(recipe: Make, cache: Path, freezing: dict[str, object]):
    full = seen(events_of(recipe(freezing, cache={"max_gb": 1e-7})))
    assert entries(cache) == set()
    assert seen(events_of(recipe(freezing, cache={"enabled": False}))) == full


def test_a_store_with_room_for_some_trains_too(recipe: Make, without_dropout: Path, cache: Path):
    freezing = FREEZINGS["last_layers"]
    some = losses(events_of(recipe(freezing, without_dropout, cache={"max_gb": 1e-5})))
    assert entries(cache)
    direct = losses(events_of(recipe(freezing, without_dropout, cache={"enabled": False})))
    assert [loss for _, loss in some] == pytest.approx([loss for _, loss in direct], abs=1e-3)


def test_two_seeds_read_the_same_states(recipe: Make, cache: Path):
    freezing = FREEZINGS["heads_only"]
    events_of(recipe(freezing, seed=1))
    before = entries(cache)
    events_of(recipe(freezing, seed=2))
    assert entries(cache) == before


def dying_in_the_second_entry(honest: Callable[..., None], flag: Path) -> Callable[..., None]:
    calls = []

    def fill(self: ActivationCache, out: RaggedRows, texts: TokenizedTexts) -> None:
        calls.append(1)
        if len(calls) == 2:
            sleep_at(flag)
        honest(self, out, texts)

    return fill


@pytest.mark.parametrize("freezing", [FREEZINGS["heads_only"], FREEZINGS["last_layers"]], ids=["heads_only", "last"])
def test_beside_a_run_that_is_killed_in_mid_write_a_run_and_a_rerun_are_as_if_alone(
    recipe: Make, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, freezing: dict[str, object]
):
    common = recipe(freezing)
    alone = seen(events_of(common))
    shutil.rmtree(cache)

    def victim() -> None:
        fill = dying_in_the_second_entry(ActivationCache._fill, tmp_path / "in the middle")
        monkeypatch.setattr(ActivationCache, "_fill", fill)
        events_of(common)

    def survivor() -> None:
        (tmp_path / "survivor").touch()
        assert seen(events_of(common)) == alone

    dying = start(victim)
    wait_for(tmp_path / "in the middle", dying)
    assert sum(name.endswith(".writing") for name in entries(cache)) == 1
    living = start(survivor)
    wait_for(tmp_path / "survivor", living)
    kill_at(tmp_path / "in the middle", dying)
    assert exit_code(living) == 0
    assert seen(events_of(common)) == alone
    events_of(common.model_copy(update={"max_length": 5}))  # writes anew, and so sweeps
    assert not any(name.endswith(".writing") for name in entries(cache))


def test_two_runs_that_fill_one_cache_at_once_are_as_if_alone(recipe: Make, cache: Path):
    common = recipe(FREEZINGS["last_layers"])
    alone = seen(events_of(common))
    shutil.rmtree(cache)

    def run() -> None:
        assert seen(events_of(common)) == alone

    assert [exit_code(process) for process in [start(run), start(run)]] == [0, 0]
