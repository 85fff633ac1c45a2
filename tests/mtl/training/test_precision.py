"""Which precision a run takes: what is said, else what a probe finds, and then what it found before."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from mtl.recipe import Recipe
from mtl.recipe.choices import Precision
from mtl.runs import Started
from mtl.training import precision
from mtl.training.precision import choose_precision
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import events_of, losses

Pass = Callable[[AbstractContextManager[object]], Tensor]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(precision, "_SMALL", 0)
    return tmp_path / "home"


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    return quick_recipe(tiny_bert, tmp_path, ("topic",))


def a_pass(model: nn.Linear, *, fp32: float, bf16: float, bend: float = 1.0, shift: float = 0.0) -> Pass:
    """A pass that takes so many seconds, and in bf16 bends the gradient and shifts the loss."""

    def run(context: AbstractContextManager[object]) -> Tensor:
        with context:
            rounded = torch.is_autocast_enabled("cpu")
            time.sleep(bf16 if rounded else fp32)
            weights = torch.tensor([1.0, bend if rounded else 1.0])
            return (model.weight * weights).sum() + 3.0 + (shift if rounded else 0.0)

    return run


@pytest.fixture
def model() -> nn.Linear:
    torch.manual_seed(0)
    return nn.Linear(2, 1)


def test_bf16_that_is_faster_and_as_good_is_taken(recipe: Recipe, model: nn.Linear):
    assert choose_precision(recipe, model, a_pass(model, fp32=0.06, bf16=0.02)) is Precision.BF16


@pytest.mark.parametrize(
    "measured",
    [
        {"fp32": 0.03, "bf16": 0.06},
        {"fp32": 0.02, "bf16": 0.2},
        {"fp32": 0.06, "bf16": 0.02, "bend": -1.0},
        {"fp32": 0.06, "bf16": 0.02, "shift": 0.5},
    ],
    ids=["slower", "emulated", "another gradient", "another loss"],
)
def test_bf16_that_does_not_pay_is_left(recipe: Recipe, model: nn.Linear, measured: dict[str, float]):
    assert choose_precision(recipe, model, a_pass(model, **measured)) is Precision.FP32


def test_a_small_model_is_not_probed(recipe: Recipe, model: nn.Linear, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "_SMALL", 4)
    assert choose_precision(recipe, model, a_pass(model, fp32=0.06, bf16=0.02)) is Precision.FP32


def test_a_probe_leaves_no_gradient_behind(recipe: Recipe, model: nn.Linear):
    choose_precision(recipe, model, a_pass(model, fp32=0.06, bf16=0.02))
    assert model.weight.grad is None


def test_the_answer_is_remembered_and_a_damaged_one_is_asked_for_again(recipe: Recipe, model: nn.Linear, home: Path):
    choose_precision(recipe, model, a_pass(model, fp32=0.06, bf16=0.02))
    assert choose_precision(recipe, model, a_pass(model, fp32=0.02, bf16=0.06)) is Precision.BF16
    (kept,) = home.rglob("training-*.json")
    kept.write_text("{")
    assert choose_precision(recipe, model, a_pass(model, fp32=0.02, bf16=0.06)) is Precision.FP32


def test_what_the_recipe_says_is_not_asked_for(recipe: Recipe, model: nn.Linear):
    def never(_: AbstractContextManager[object]) -> Tensor:
        raise AssertionError

    for said in Precision:
        assert choose_precision(recipe.model_copy(update={"precision": said.value}), model, never) is said


def test_a_run_tells_its_precision_and_trains_nearly_alike_in_both(tiny_bert: Path, tmp_path: Path):
    found = {}
    for said in Precision:
        events = events_of(quick_recipe(tiny_bert, tmp_path, ("topic",), precision=said.value))
        assert next(event for event in events if isinstance(event, Started)).precision == said
        found[said] = [loss for _, loss in losses(events)]
    assert found[Precision.FP32] != found[Precision.BF16]
    assert found[Precision.FP32] == pytest.approx(found[Precision.BF16], rel=0.05)
