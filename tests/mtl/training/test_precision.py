"""Which precision a run takes: what is said, else what was measured; a clear measurement is remembered."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle
from pathlib import Path

import psutil
import pytest
import torch

from mtl.checkpoint import read_config
from mtl.checkpoint.store import LoadedModel
from mtl.device import has_bf16
from mtl.recipe import FreezingConfig, Preset, Recipe, load
from mtl.recipe.choices import Precision
from mtl.runs import RunFolder, Started
from mtl.training import precision, resume_in_folder, run_in_folder, set_up
from mtl.training.precision import choose_precision
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import events_of, losses

Measure = Callable[..., None]
CLEARLY_FASTER = [1.5, 1.6, 1.5, 1.4, 1.6]


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An own home, a machine with bf16 at rest, and no model that is too small to measure."""
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(precision, "has_bf16", lambda _: True)
    monkeypatch.setattr(precision, "FEW_PARAMETERS", 0)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.0, 0.0, 0.0))
    return tmp_path / "home"


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    return quick_recipe(tiny_bert, tmp_path, ("topic",))


@pytest.fixture
def loaded(recipe: Recipe) -> LoadedModel:
    return set_up(recipe).loaded


@pytest.fixture
def measure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Measure]:
    """Say how many times as fast bf16 is in each round, and how alike it computes; no clock is read."""
    asked: list[Precision] = []

    def measure(gains: list[float], *, likeness: float = 1.0, drift: float = 1.0) -> None:
        rounds = cycle(gains)

        def seconds(_encoder: object, _tokens: object, asked_for: Precision) -> float:
            asked.append(asked_for)
            slowness = drift ** len(asked)  # of a machine that others begin to use, or stop using
            return slowness if asked_for is Precision.FP32 else slowness / next(rounds)

        monkeypatch.setattr(precision, "_seconds", seconds)
        monkeypatch.setattr(precision, "_likeness", lambda *_: likeness)

    yield measure
    assert asked[: len(asked) // 2 * 2 : 2] == [Precision.FP32] * (len(asked) // 2)  # in turn


CHOICES: dict[str, tuple[list[float], Precision, str]] = {
    "clearly faster": (CLEARLY_FASTER, Precision.BF16, "bf16 is 1.5 times as fast as fp32 here (1.2 is asked)"),
    "hardly faster": ([1.1, 1.0, 1.15], Precision.FP32, "bf16 is 1.1 times as fast as fp32 here (1.2 is asked)"),
    "slower": ([0.8, 0.9], Precision.FP32, "bf16 is 0.8 times as fast as fp32 here (1.2 is asked)"),
    "emulated": ([0.1], Precision.FP32, "bf16 is 0.1 times as fast as fp32 here (1.2 is asked)"),
    "one bad round": ([1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 0.2], Precision.BF16, "bf16 is 1.5 times"),
}


@pytest.mark.parametrize("name", CHOICES)
def test_bf16_is_taken_where_it_is_clearly_faster(recipe: Recipe, loaded: LoadedModel, measure: Measure, name: str):
    gains, expected, reason = CHOICES[name]
    measure(gains)
    found = choose_precision(recipe, loaded)
    assert found.precision is expected
    assert found.reason.startswith(reason)
    measure([9.0])
    assert choose_precision(recipe, loaded) == found  # it is remembered


@pytest.mark.parametrize("drift", [0.7, 1.4])
def test_a_machine_that_gets_faster_or_slower_meanwhile_changes_little(
    recipe: Recipe, loaded: LoadedModel, measure: Measure, drift: float
):
    measure([2.0], drift=drift)
    assert choose_precision(recipe, loaded).precision is Precision.BF16


@pytest.mark.parametrize("gains", [[1.0, 1.5], [1.1, 1.3, 1.2, 1.15], [0.3, 0.9, 3.0]])
def test_timings_that_say_nothing_give_fp32_and_are_measured_again(
    recipe: Recipe, loaded: LoadedModel, measure: Measure, home: Path, gains: list[float]
):
    measure(gains)
    found = choose_precision(recipe, loaded)
    assert found.precision is Precision.FP32
    assert found.reason.startswith("the timings of bf16 varied from ")
    measure(CLEARLY_FASTER)
    assert choose_precision(recipe, loaded).precision is Precision.BF16


@pytest.mark.parametrize("first", [CLEARLY_FASTER, [0.5], [1.0, 1.5]], ids=["faster", "slower", "unclear"])
def test_runs_on_a_busy_machine_agree_and_an_idle_one_measures_again(
    recipe: Recipe, loaded: LoadedModel, measure: Measure, monkeypatch: pytest.MonkeyPatch, first: list[float]
):
    monkeypatch.setattr(psutil, "getloadavg", lambda: (psutil.cpu_count() + 0.1, 0.0, 0.0))
    measure(first)
    found = choose_precision(recipe, loaded)
    assert found.precision is (Precision.BF16 if first is CLEARLY_FASTER else Precision.FP32)
    assert found.reason.endswith("; the machine was busy, so a run on an idle one measures again")
    measure([0.5] if first is CLEARLY_FASTER else CLEARLY_FASTER)
    assert choose_precision(recipe, loaded) == found
    monkeypatch.setattr(psutil, "getloadavg", lambda: (0.0, 0.0, 0.0))
    settled = choose_precision(recipe, loaded)
    assert settled.precision is not found.precision
    measure(first)
    monkeypatch.setattr(psutil, "getloadavg", lambda: (psutil.cpu_count() + 0.1, 0.0, 0.0))
    assert choose_precision(recipe, loaded) == settled


def test_bf16_that_computes_otherwise_is_not_taken(recipe: Recipe, loaded: LoadedModel, measure: Measure):
    measure([5.0], likeness=0.98)
    found = choose_precision(recipe, loaded)
    assert (found.precision, found.reason) == (Precision.FP32, "bf16 computes otherwise (cosine 0.980 with fp32)")


def test_a_damaged_answer_is_measured_again(recipe: Recipe, loaded: LoadedModel, measure: Measure, home: Path):
    measure(CLEARLY_FASTER)
    choose_precision(recipe, loaded)
    (kept,) = home.rglob("training-*.json")
    kept.write_text("{")
    measure([0.5])
    assert choose_precision(recipe, loaded).precision is Precision.FP32


TASKS = [("topic",), ("topic", "names"), ("names", "pairs"), ("topic", "names", "pairs")]


@pytest.mark.parametrize("preset", [Preset.FULL, Preset.HEADS_ONLY, Preset.LAST_LAYERS, Preset.LORA])
def test_the_choice_does_not_depend_on_the_tasks(tiny_bert: Path, tmp_path: Path, measure: Measure, preset: Preset):
    found = set()
    for gain, tasks in zip([1.5, 0.5, 0.5, 0.5], TASKS, strict=True):
        measure([gain])
        recipe = quick_recipe(tiny_bert, tmp_path, tasks, freezing={"preset": preset.value})
        found.add(choose_precision(recipe, set_up(recipe).loaded).precision)
    assert found == {Precision.BF16}


def test_the_choice_depends_on_what_trains_and_on_the_backbones_content(
    tiny_bert: Path, tmp_path: Path, measure: Measure, home: Path
):
    for number, preset in enumerate(["full", "heads_only", "lora", "last_layers"], start=1):
        measure([1.5 if number % 2 else 0.5])
        recipe = quick_recipe(tiny_bert, tmp_path, ("topic",), freezing={"preset": preset})
        loaded = set_up(recipe).loaded
        assert choose_precision(recipe, loaded).precision is (Precision.BF16 if number % 2 else Precision.FP32)
        assert len(list(home.rglob("training-*"))) == number
    reference = replace(loaded.backbone, sha256="0" * 64)
    choose_precision(recipe, replace(loaded, backbone=reference))
    assert len(list(home.rglob("training-*"))) == 5


def test_a_small_model_is_not_measured(recipe: Recipe, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "FEW_PARAMETERS", 10**6)
    monkeypatch.setattr(precision, "_measure", lambda _: pytest.fail("it was measured"))
    found = choose_precision(recipe, loaded)
    assert (found.precision, found.reason) == (Precision.FP32, "bf16 gains nothing below 1,000,000 parameters")


def test_a_device_without_bf16_is_not_measured(recipe: Recipe, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "has_bf16", lambda device: device.type != "cpu")
    monkeypatch.setattr(precision, "_measure", lambda _: pytest.fail("it was measured"))
    found = choose_precision(recipe, loaded)
    assert (found.precision, found.reason) == (Precision.FP32, "this device (cpu) does not support bf16")
    said = choose_precision(recipe.model_copy(update={"precision": "bf16"}), loaded)
    assert said.precision is Precision.BF16


@pytest.mark.parametrize("has", [True, False])
def test_processors_and_gpus_are_asked_for_bf16_and_no_other_device_has_it(monkeypatch: pytest.MonkeyPatch, has: bool):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has and not including_emulation)
    monkeypatch.setattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: has)
    assert [has_bf16(torch.device(name)) for name in ("cuda", "cpu", "mps")] == [has, has, False]


def test_a_build_without_onednn_is_not_asked_for_bf16(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)  # as on a Mac
    monkeypatch.setattr(torch.ops, "mkldnn", None)
    assert not has_bf16(torch.device("cpu"))


def test_what_the_recipe_says_is_not_measured(recipe: Recipe, loaded: LoadedModel, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(precision, "_measure", lambda _: pytest.fail("it was measured"))
    for said in Precision:
        found = choose_precision(recipe.model_copy(update={"precision": said.value}), loaded)
        assert (found.precision, found.reason) == (said, "")


@pytest.mark.parametrize("preset", ["full", "heads_only", "last_layers", "lora"])
def test_a_measurement_leaves_the_model_and_the_random_numbers_as_they_were(
    tiny_bert: Path, tmp_path: Path, preset: str
):
    loaded = set_up(quick_recipe(tiny_bert, tmp_path, ("topic",), freezing={"preset": preset})).loaded
    before = {name: parameter.clone() for name, parameter in loaded.model.named_parameters()}
    state = torch.get_rng_state()
    found, _ = precision._measure(loaded)
    assert found.precision in Precision
    assert all(torch.equal(before[name], parameter) for name, parameter in loaded.model.named_parameters())
    assert all(parameter.grad is None for parameter in loaded.model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_cosines_are_those_of_all_numbers_together():
    torch.manual_seed(0)
    first, second = ([torch.randn(3, 4), torch.randn(5)] for _ in range(2))
    whole = [torch.cat([tensor.flatten() for tensor in tensors]).double() for tensors in (first, second)]
    expected = float(torch.nn.functional.cosine_similarity(*whole, dim=0))
    assert precision._cosine(first, second) == pytest.approx(expected, abs=1e-6)


def test_a_measured_precision_stands_in_the_recipe_of_the_run_with_its_reason_in_the_notes(
    recipe: Recipe, tmp_path: Path, measure: Measure
):
    measure(CLEARLY_FASTER)
    folder = RunFolder(tmp_path / "run")
    started = next(iter(run_in_folder(recipe, folder.path)))
    assert isinstance(started, Started)
    assert started.precision == "bf16"
    assert "precision bf16: bf16 is 1.5 times as fast as fp32 here (1.2 is asked)" in started.notes
    written = load(folder.recipe)
    assert written.precision == "bf16"
    assert written.under(FreezingConfig(preset=Preset.HEADS_ONLY)).precision == "auto"  # nobody set it
    assert load(folder.recipe, ["freezing={preset: lora}"]).precision == "auto"
    assert load(folder.recipe, ["precision=bf16"]).under(FreezingConfig(preset=Preset.LORA)).precision == "bf16"


def test_a_resumed_or_repeated_run_takes_it_from_there(recipe: Recipe, tmp_path: Path, measure: Measure):
    measure(CLEARLY_FASTER)
    folder = RunFolder(tmp_path / "run")
    run = run_in_folder(recipe, folder.path)
    next(event for event in run if event.kind == "step" and event.step == 3)
    run.close()
    (tmp_path / "home" / "measured").rename(tmp_path / "elsewhere")
    measure([0.5])
    assert next(iter(resume_in_folder(folder.path))).precision == "bf16"
    again = RunFolder(tmp_path / "again")
    events = list(run_in_folder(load(folder.recipe), again.path))
    assert events[0].precision == "bf16"
    assert not any(note.startswith("precision") for note in events[0].notes)
    assert read_config(again.best).recipe["precision"] == "bf16"


def test_a_run_that_trains_nothing_settles_no_precision(tiny_bert: Path, tmp_path: Path):
    recipe = quick_recipe(tiny_bert, tmp_path, ("topic",), freezing={"preset": "all_frozen"})
    list(run_in_folder(recipe, tmp_path / "run"))
    assert load(tmp_path / "run" / "recipe.yaml").precision == "auto"


def test_a_run_tells_its_precision_and_trains_nearly_alike_in_both(tiny_bert: Path, tmp_path: Path):
    found = {}
    for said in Precision:
        events = events_of(quick_recipe(tiny_bert, tmp_path, ("topic",), precision=said.value))
        assert next(event for event in events if isinstance(event, Started)).precision == said
        found[said] = [loss for _, loss in losses(events)]
    assert found[Precision.FP32] != found[Precision.BF16]
    assert found[Precision.FP32] == pytest.approx(found[Precision.BF16], rel=0.05)


def test_bf16_that_gives_no_number_is_not_taken(recipe: Recipe, loaded: LoadedModel, measure: Measure):
    measure([5.0], likeness=math.nan)
    assert choose_precision(recipe, loaded).precision is Precision.FP32
