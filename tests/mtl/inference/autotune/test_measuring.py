"""Candidates measured, compared and chosen."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mtl.checkpoint.store import load
from mtl.data import Example
from mtl.errors import BackendError
from mtl.inference.autotune import gate, machine, measuring
from mtl.inference.autotune.candidates import Prepared
from mtl.inference.autotune.choice import Choice
from mtl.inference.autotune.gate import Gate
from mtl.inference.autotune.probe_texts import TEXTS
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.backends import Backend, Batch, InferencePrecision, Outputs
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.options import EngineOptions
from mtl.inference.spec import spec_of
from tests.mtl.inference.engines import model_of

Alter = Callable[[Outputs], Outputs]
PRECISIONS = tuple(InferencePrecision)


class Altered:
    """A backend that gives other outputs than torch; its precision is its name."""

    def __init__(self, model: TorchBackend, precision: InferencePrecision, alter: Alter):
        self.name, self.parallel, self.memory_bytes = model.name, 1, 0
        self.precision = precision
        self._model, self._alter = model, alter

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        for batch, outputs in self._model.run(batches):
            yield batch, self._alter(outputs)


def as_they_are(outputs: Outputs) -> Outputs:
    return outputs


def turned(outputs: Outputs) -> Outputs:
    return replace(outputs, pooled=outputs.pooled + 0.2 * np.roll(outputs.pooled, 1, axis=1))


def broken(outputs: Outputs) -> Outputs:
    return replace(outputs, pooled=outputs.pooled * np.nan)


def other_class(outputs: Outputs) -> Outputs:
    return replace(outputs, classes={name: -rows for name, rows in outputs.classes.items()})


def other_labels(outputs: Outputs) -> Outputs:
    return replace(outputs, classes={**outputs.classes, "tone": -outputs.classes["tone"]})


def other_tags(outputs: Outputs) -> Outputs:
    return replace(outputs, emissions={name: np.roll(rows, 1, axis=2) for name, rows in outputs.emissions.items()})


@pytest.fixture
def prepared(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Prepared:
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    loaded = model_of(tiny_bert)
    return Prepared(loaded, spec_of(loaded), loaded.tokenizer, PreparedFolder("0" * 64))


class Scene:
    """A machine on which the candidates, one a precision, are as fast and as faithful as a test says.

    `speeds` has the first pass and those in turn; the last one stays.
    """

    def __init__(self, prepared: Prepared, monkeypatch: pytest.MonkeyPatch):
        self.prepared = prepared
        self.speeds: Mapping[InferencePrecision, list[float]] = {}
        self.alter: dict[InferencePrecision, Alter] = {}
        self.shares = [1.0]
        self.second = 0.0  # that passes whenever the clock is read
        self.passes: Counter[InferencePrecision] = Counter()
        self.opened: list[InferencePrecision] = []
        self._time = 0.0
        monkeypatch.setattr(
            machine, "core_share", lambda: self.shares.pop(0) if len(self.shares) > 1 else self.shares[0]
        )
        monkeypatch.setattr(machine, "clock", self._clock)
        monkeypatch.setattr(measuring, "_speed", self._speed)
        monkeypatch.setattr(measuring, "candidates", self._candidates)

    def choose(self, **options: object) -> tuple[Backend, Choice]:
        return measuring.choose(self.prepared, EngineOptions(**options))

    def _share(self) -> float:
        return self.shares.pop(0) if len(self.shares) > 1 else self.shares[0]

    def _clock(self) -> float:
        self._time += self.second
        return self._time

    def _speed(self, backend: Backend, _: Gate) -> float:
        speeds = self.speeds[backend.precision]
        self.passes[backend.precision] += 1
        return speeds[min(self.passes[backend.precision], len(speeds)) - 1]

    def _candidates(self, *_: object) -> list[Callable[[], Backend]]:
        return [lambda p=precision: self._open(p) for precision in self.speeds]

    def _open(self, precision: InferencePrecision) -> Backend:
        self.opened.append(precision)
        alter = self.alter.get(precision, as_they_are)
        return Altered(TorchBackend(self.prepared.loaded.model), precision, alter)


@pytest.fixture
def scene(prepared: Prepared, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(prepared, monkeypatch)


def speeds(*values: float | list[float]) -> dict[InferencePrecision, list[float]]:
    """By precision in a fixed order: fp32, bf16, mixed, int8."""
    return {p: [v] if isinstance(v, float) else v for p, v in zip(PRECISIONS, values, strict=False)}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ((100.0, 50.0, 50.0), "fp32"),
        ((50.0, 100.0, 50.0), "bf16"),
        ((98.0, 100.0, 97.0), "fp32"),  # a tie: the first of the candidates
        ((90.0, 97.0, 100.0), "bf16"),
        (([90.0], [85.0, 120.0, 85.0]), "bf16"),  # the best pass of each counts
        (([100.0], [70.0, 200.0]), "fp32"),  # clearly slower in its first pass: no second one
    ],
)
def test_the_fastest_is_taken_and_of_ties_the_first(scene: Scene, given: tuple, taken: str):
    scene.speeds = speeds(*given)
    backend, choice = scene.choose()
    assert backend.precision == choice.precision == taken
    assert [row.precision for row in choice.measured] == list(scene.speeds)
    assert f"of {len(given)}" in choice.reason


@pytest.mark.parametrize("seed", range(8))
def test_noise_does_not_change_the_choice(scene: Scene, seed: int):
    chance = random.Random(seed)
    scene.speeds = speeds(*([chance.uniform(0.9, 1.0) * speed for _ in range(9)] for speed in (50.0, 98.0, 100.0)))
    assert scene.choose()[1].precision == "bf16"


@pytest.mark.parametrize("second", [0.0, 1000.0])
def test_every_candidate_is_measured_however_slow_the_model_is(scene: Scene, second: float):
    scene.speeds, scene.second = speeds(100.0, 99.0, 98.0, 10.0), second
    _, choice = scene.choose()
    rounds = measuring._LEAST_ROUNDS if second else measuring._MOST_ROUNDS
    assert [scene.passes[p] for p in PRECISIONS] == [1 + rounds] * 3 + [1]
    assert len(choice.measured) == 4
    assert not choice.provisional


@pytest.mark.parametrize(("seconds", "texts"), [(0.01, len(TEXTS)), (0.5, len(TEXTS) // 2), (100.0, 8)])
def test_a_slow_model_is_measured_on_fewer_sentences(scene: Scene, seconds: float, texts: int):
    scene.second = seconds
    assert len(Gate(scene.prepared, []).probe.texts) == texts


def test_what_is_clearly_slower_lets_its_memory_go(scene: Scene):
    scene.speeds = speeds(50.0, 100.0, 90.0)
    opened = [measuring._opened(make, Gate(scene.prepared, [])) for make in scene._candidates()]
    measuring._free(opened, asked=False)
    assert [one.backend is None for one in opened] == [True, False, False]


ALTERATIONS = [turned, broken, other_class, other_labels, other_tags]


@pytest.mark.parametrize("alter", ALTERATIONS)
def test_what_answers_otherwise_is_never_taken(scene: Scene, alter: Alter):
    scene.speeds, scene.alter = speeds(10.0, 1000.0), {InferencePrecision.BF16: alter}
    _, choice = scene.choose()
    assert choice.precision == "fp32"
    assert [row.fidelity.faithful for row in choice.measured] == [True, False]


@pytest.mark.parametrize("alter", ALTERATIONS)
def test_what_answers_otherwise_on_later_sentences_alone_is_never_taken(
    scene: Scene, alter: Alter, monkeypatch: pytest.MonkeyPatch
):
    scene.speeds, scene.second = speeds(10.0, 1000.0), 100.0
    compare = Gate.compare

    def late(self: Gate, backend: Backend):
        found = compare(self, backend)
        if backend.precision == "bf16":
            scene.alter[backend.precision] = backend._alter = alter
        return found

    monkeypatch.setattr(Gate, "compare", late)
    _, choice = scene.choose()
    assert choice.precision == "fp32"
    assert scene.opened.count("fp32") == 2  # its memory had been freed


def test_where_nothing_answers_as_fp32_does_torch_runs_and_the_reason_says_so(scene: Scene):
    scene.speeds = speeds(10.0, 20.0)
    scene.alter = dict.fromkeys(PRECISIONS, turned)
    backend, choice = scene.choose()
    assert (backend.name, backend.precision, choice.precision) == ("torch", "fp32", "fp32")
    assert choice.reason == "none of 2 keeps the answers of fp32"


def test_a_precision_that_was_asked_for_is_given_as_it_is(scene: Scene):
    scene.speeds, scene.alter = speeds(10.0, 20.0), dict.fromkeys(PRECISIONS, turned)
    assert scene.choose(precision=InferencePrecision.BF16)[1].precision == "bf16"


@pytest.mark.parametrize(
    ("shares", "provisional"), [([1.0], False), ([0.5, 1.0], True), ([1.0, 0.5], True), ([0.95], False)]
)
def test_a_choice_on_a_busy_machine_is_provisional_and_says_so(scene: Scene, shares: list[float], provisional: bool):
    scene.speeds, scene.shares = speeds(10.0, 20.0), shares
    _, choice = scene.choose()
    assert choice.provisional is provisional
    assert ("provisional, this process got 50% of its cores" in choice.reason) is provisional


def test_a_choice_between_unsteady_passes_is_provisional_and_says_so(scene: Scene):
    scene.speeds = speeds([20.0, 19.0], [19.0, 20.0, 8.0])
    _, choice = scene.choose()
    assert choice.provisional
    assert choice.reason.endswith("provisional, its passes differed in speed")


def test_a_candidate_that_cannot_be_opened_is_noted(scene: Scene, monkeypatch: pytest.MonkeyPatch):
    scene.speeds = speeds(10.0, 20.0)
    opened = scene._open

    def refuse(precision: InferencePrecision) -> Backend:
        if precision == "bf16":
            raise BackendError("no such operation")
        return opened(precision)

    monkeypatch.setattr(scene, "_open", refuse)
    _, choice = scene.choose()
    assert (choice.precision, choice.notes) == ("fp32", ("no such operation",))


@pytest.mark.parametrize("lost", [0.0, 0.5])
def test_what_loses_on_the_evaluation_sample_is_never_taken(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: float
):
    loaded = load(trained / "best")
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    scene = Scene(
        Prepared(loaded, spec_of(loaded), loaded.tokenizer, PreparedFolder("0" * 64), trained / "best"), monkeypatch
    )
    scene.speeds = speeds(10.0, 20.0)
    asked: list[str] = []

    def metric(task: object, examples: list[Example], output: object) -> float:
        assert examples
        asked.append(task.name)
        return 0.9 - lost * (len(asked) <= len(loaded.model.tasks))  # the reference is asked after the candidate

    monkeypatch.setattr(gate, "main_metric", metric)
    _, choice = scene.choose()
    taken = next(row for row in choice.measured if row.precision == "bf16")
    assert set(asked) == set(loaded.model.tasks)
    assert taken.fidelity.sample_loss == pytest.approx(lost)
    assert (choice.precision == "bf16") is (lost == 0)


@pytest.mark.parametrize(("found", "loss"), [(0.8, 0.0), (0.7, 0.1), (float("nan"), 1.0)])
def test_a_figure_that_is_no_number_is_a_loss_where_the_reference_has_one(
    prepared: Prepared, monkeypatch: pytest.MonkeyPatch, found: float, loss: float
):
    gate = Gate(prepared, [])
    monkeypatch.setattr(Gate, "_reference_metrics", {"undefined": float("nan"), "topic": 0.8})
    monkeypatch.setattr(gate, "_metrics_of", lambda runner: {"undefined": float("nan"), "topic": found})
    assert gate.compare_all(gate.reference).sample_loss == pytest.approx(loss)
