"""A tiny model exported once."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl.checkpoint.store import LoadedModel, build
from mtl.decoding import Request
from mtl.encoder import load_backbone
from mtl.exports.onnx import write
from mtl.exports.onnx.graph import OnnxGraph
from mtl.exports.onnx.session import OnnxSession, spec_of_outputs
from mtl.exports.report import ExportLog
from mtl.inference import Engine
from mtl.inference.backends import DEFAULT_BATCH_TOKENS
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.inference.spec import spec_of
from mtl.model import TaskInfo
from mtl.recipe import Decoder, HeadConfig, TaskKind
from mtl.recipe.choices import LongTexts
from mtl.text import SplitWords


@dataclass(frozen=True)
class Exported:
    """The folder of an export with its notes, the model, and an engine of it that cuts long texts."""

    folder: Path
    notes: tuple[str, ...]
    loaded: LoadedModel
    engine: Engine


def model_with_every_head(backbone: Path) -> LoadedModel:
    """Random heads of every kind, taggers that find entities everywhere among them."""
    crf = HeadConfig(decoder=Decoder.CRF, layers="mix")
    below = HeadConfig(decoder=Decoder.ARGMAX, layers=1)
    tasks = {
        "topic": TaskInfo(
            "topic", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig(shared="first"), temperature=0.7
        ),
        "names": TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(), temperature=1.8),
        "tone": TaskInfo(
            "tone", TaskKind.CLASSIFICATION, ("dry", "loud"), HeadConfig(shared="first"), True, (0.4, 0.6)
        ),
        "pairs": TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig()),
        "parts": TaskInfo("parts", TaskKind.TAGGING, ("A", "B", "C"), crf, temperature=1.8),
        "raw": TaskInfo("raw", TaskKind.TAGGING, ("X", "Y"), below, temperature=1.8),
    }
    torch.manual_seed(0)
    loaded = build(load_backbone(str(backbone)), tasks)
    with torch.no_grad():
        for name in ("names", "parts", "raw"):
            loaded.model.heads[name].output.weight.mul_(4)
        loaded.model.heads["parts"].transitions.normal_()
        loaded.model.heads["parts"].starts.normal_()
    return loaded


def exported_model(backbone: Path, folder: Path) -> Exported:
    loaded, log = model_with_every_head(backbone), ExportLog()
    folder.mkdir()
    write(loaded, folder, log)
    return Exported(folder, log.notes, loaded, Engine.of(loaded, name="tiny", long_texts="cut"))


def runner_of(exported: Exported, run: Callable | None = None) -> Runner:
    """What runs texts, cut where they are long: through what runs an exported graph, or else through the model."""
    loaded, spec = exported.loaded, spec_of(exported.loaded)
    backend = TorchBackend(loaded.model)
    if run is not None:
        backend, spec = OnnxSession(OnnxGraph(loaded.model), run), spec_of_outputs(spec)
    return Runner(spec, loaded.tokenizer.with_long_texts(LongTexts.CUT), backend, batch_tokens=DEFAULT_BATCH_TOKENS)


def assert_equal_outputs(exported: Exported, runner: Runner, texts: list[str]) -> None:
    """Embeddings within 1e-4, the same classes and the same tags as the model."""
    request = Request(texts, SplitWords(texts))
    found, expected = runner(request), runner_of(exported)(request)
    np.testing.assert_allclose(found.embeddings, expected.embeddings, rtol=0, atol=1e-4)
    for name, rows in expected.classes.items():
        np.testing.assert_allclose(found.classes[name], rows, rtol=0, atol=1e-4)
        assert (found.classes[name].argmax(axis=1) == rows.argmax(axis=1)).all()
    for name, tags in expected.tags.items():
        assert [one.tags.tolist() for one in found.tags[name]] == [one.tags.tolist() for one in tags]


@pytest.fixture(scope="package")
def exported(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return exported_model(tiny_bert, tmp_path_factory.mktemp("onnx") / "out")
