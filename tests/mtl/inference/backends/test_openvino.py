"""Backends on tiny models of every architecture."""

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl.checkpoint.store import LoadedModel, build
from mtl.encoder import load_backbone
from mtl.errors import BackendError
from mtl.inference import Engine
from mtl.inference.autotune import candidates, machine
from mtl.inference.autotune.features import open_features
from mtl.inference.backends import Backend, BackendName, Batch, InferencePrecision, Outputs, openvino, quantising
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.openvino import OpenVinoBackend
from mtl.inference.backends.pytorch import TorchBackend
from mtl.model import MultiTaskModel
from tests.mtl.inference.backends.conftest import Exported
from tests.tiers import slow_except
from tests.tiny import ARCHITECTURES

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")


def batches(count: int = 9) -> list[Batch]:
    chance = np.random.default_rng(0)
    result = []
    for number in range(count):
        rows, length = 1 + number % 3, 4 + number
        ids = chance.integers(5, 40, (rows, length))
        mask = np.ones_like(ids)
        ids[0, -2:], mask[0, -2:] = 1, 0
        first = np.tile(np.arange(1, 3), (rows, 1))
        counts = np.full(rows, 2)
        result.append(Batch(np.arange(rows), ids, mask, np.zeros_like(ids), first, counts))
    return result


def expected_of(model: MultiTaskModel) -> Outputs:
    """What transformers gives for all batches: mean pooled, and by task the linear heads on it."""
    pooled, classes, emissions = [], {"topic": [], "mood": [], "tone": []}, []
    with torch.no_grad():
        for batch in batches():
            ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)
            hidden = model.encoder.model(input_ids=ids, attention_mask=mask).last_hidden_state
            mean = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
            words = torch.stack([states[first] for states, first in zip(hidden, batch.first_tokens, strict=True)])
            pooled.append(mean.numpy())
            for name, rows in classes.items():
                rows.append(model.heads[name](mean).numpy())
            emissions.append(model.heads["names"].output(words).numpy())
    return Outputs(
        np.concatenate(pooled),
        {name: np.concatenate(rows) for name, rows in classes.items()},
        {"names": np.concatenate(emissions)},
    )


@pytest.mark.parametrize("architecture", slow_except(ARCHITECTURES, "bert", "deberta-v2", "modernbert", "t5"))
@pytest.mark.parametrize("name", BackendName)
def test_every_backend_gives_what_transformers_gives(
    exported: Callable[[str], Exported], architecture: str, name: BackendName
):
    made = exported(architecture)
    found = [outputs for _, outputs in backend_of(made, name).run(batches())]
    expected = expected_of(made.model)
    np.testing.assert_allclose(np.concatenate([o.pooled for o in found]), expected.pooled, rtol=0, atol=2e-4)
    for kind in ("classes", "emissions"):
        for task, values in getattr(expected, kind).items():
            joined = np.concatenate([getattr(outputs, kind)[task] for outputs in found])
            np.testing.assert_allclose(joined, values, rtol=0, atol=2e-3)


def backend_of(made: Exported, name: BackendName) -> Backend:
    if name is BackendName.TORCH:
        return TorchBackend(made.model)
    graph = Graph(made.model)
    return OpenVinoBackend(made.folder, InferencePrecision.FP32, classifiers=graph.classifiers, taggers=graph.taggers)


def test_a_caller_that_stops_early_leaves_the_backend_usable(exported: Callable[[str], Exported]):
    backend = backend_of(exported("bert"), BackendName.OPENVINO)
    for _ in range(5):
        next(iter(backend.run(batches())))
    assert len(list(backend.run(batches()))) == 9


def test_a_call_gets_its_turn_while_others_hold_every_request(exported: Callable[[str], Exported]):
    backend = backend_of(exported("bert"), BackendName.OPENVINO)
    held = [iter(backend.run(batches())) for _ in range(backend.parallel + 2)]
    for calls in held:
        next(calls)  # stands still, its next batches running
    assert len(list(backend.run(batches(1)))) == 1
    assert [1 + len(list(calls)) for calls in held] == [9] * len(held)


def test_a_model_that_cannot_be_exported_runs_with_torch_and_says_so(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))

    def refuse(*_: object) -> None:
        raise BackendError("OpenVINO cannot run this model: no such operation")

    monkeypatch.setattr(candidates, "export", refuse)
    engine = Engine.load(tiny_bert)
    assert engine.choice.backend == "torch"
    assert engine.choice.notes[0] == "OpenVINO cannot run this model: no such operation"
    with pytest.raises(BackendError, match="no such operation"):
        Engine.load(tiny_bert, backend="openvino")


def test_openvino_is_imported_without_its_telemetry(tiny_bert: Path):
    import sys

    Engine.load(tiny_bert, backend="openvino")
    assert sys.modules["openvino_telemetry"] is None


class FullDisk:
    """OpenVINO on a disk without room, where it says only this."""

    def __init__(self, library: object) -> None:
        self._library = library

    def __getattr__(self, name: str) -> object:
        return getattr(self._library, name)

    def save_model(self, *given: object, **named: object) -> None:
        raise RuntimeError("basic_ios::clear: iostream error")


@pytest.mark.slow
def test_where_no_graph_can_be_written_torch_runs_the_model(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    full = FullDisk(openvino.library())
    monkeypatch.setattr(openvino, "library", lambda: full)
    engine = Engine.load(tiny_bert)
    assert engine.choice.backend == BackendName.TORCH
    assert np.isfinite(engine.encode(["anna"])).all()
    assert open_features(without_heads(tiny_bert)) is None
    with pytest.raises(BackendError, match="it cannot write its graph, perhaps the disk is full"):
        Engine.load(tiny_bert, backend="openvino")
    monkeypatch.undo()
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(machine, "now", lambda: time.time() + 600)
    assert not [note for note in Engine.load(tiny_bert).choice.notes if "disk" in note]
    assert open_features(without_heads(tiny_bert)) is not None
    assert list(tmp_path.glob("cache/engines/*/graph.xml"))


@pytest.mark.slow
@pytest.mark.parametrize("is_engine", [True, False], ids=["an engine", "features"])
def test_a_second_graph_without_room_is_made_when_there_is_some(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_engine: bool
):
    def graphs(home: Path) -> set[str]:
        monkeypatch.setenv("MTL_HOME", str(home))
        Engine.load(tiny_bert) if is_engine else open_features(without_heads(tiny_bert))
        return {file.name for file in home.glob("cache/engines/*/graph*")}

    def no_room(*_: object) -> None:
        raise openvino.UnwrittenGraphError("no room")

    monkeypatch.setattr(openvino, "has_bf16", lambda: False)
    expected = graphs(tmp_path / "roomy")
    with monkeypatch.context() as patch:
        patch.setattr(quantising, "save_graph", no_room)
        assert graphs(tmp_path / "full") < expected
    monkeypatch.setattr(machine, "now", lambda: time.time() + 600)
    assert graphs(tmp_path / "full") == expected


def without_heads(folder: Path) -> LoadedModel:
    """A backbone without heads."""
    return build(load_backbone(str(folder)), {})


_RELEASED_AND_INTERRUPTED = """
import signal, sys
from pathlib import Path
from mtl.inference.backends import InferencePrecision
from mtl.inference.backends.openvino import OpenVinoBackend

def loaded():
    return OpenVinoBackend(Path(sys.argv[1]), InferencePrecision.FP32, classifiers=[], taggers=[])

first, second = loaded(), loaded()
del first
third = loaded()
del second, third
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
signal.raise_signal(signal.SIGTERM)
"""


def test_models_that_go_in_any_order_leave_a_process_that_takes_signals(exported: Callable[[str], Exported]):
    command = [sys.executable, "-c", _RELEASED_AND_INTERRUPTED, str(exported("bert").folder)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (found.stdout, found.returncode) == ("handled\n", 0), found.stderr
