"""The runner of an ONNX export, in a process that has none of our libraries."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mtl.errors import InputError
from mtl.exports.onnx import RUNNER, write
from mtl.exports.report import ExportLog
from mtl.inference import Engine
from tests.mtl.exports.onnx.conftest import Exported, exported_model
from tests.mtl.inference.engines import TEXTS
from tests.tiny import ARCHITECTURES, MAX_TOKENS, WORDS

_PROGRAM = """
import json, sys
for name in ("mtl", "torch", "transformers"):
    sys.modules[name] = None
from run import Model
model = Model(graph=sys.argv[1])
json.dump([model(text) for text in json.load(sys.stdin)], sys.stdout)
"""


def answers(folder: Path, texts: list[str], graph: str = "model.onnx") -> list[dict]:
    command = [sys.executable, "-c", _PROGRAM, graph]
    ended = subprocess.run(command, cwd=folder, input=json.dumps(texts), capture_output=True, text=True, check=False)
    assert not ended.returncode, ended.stderr
    return json.loads(ended.stdout)


def assert_equal_answers(found: list[dict], engine: Engine, texts: list[str]) -> None:
    for one, expected in zip(found, engine.analyze(texts), strict=True):
        within = 1e-4 * max(1, np.abs(expected.embedding).max())
        np.testing.assert_allclose(one["embedding"], expected.embedding, rtol=0, atol=within)
        assert one["cut"] == (expected.cut_at is not None)
        assert one["labels"] == {name: list(labels) for name, labels in expected.labels.items()}
        for name, chances in expected.classes.items():
            assert one["classes"][name] == pytest.approx(chances, abs=1e-4)
        assert one["entities"].keys() == expected.entities.keys()
        for name, entities in expected.entities.items():
            assert [{**e, "score": 0} for e in one["entities"][name]] == [{**e, "score": 0} for e in entities]
            assert [e["score"] for e in one["entities"][name]] == pytest.approx(
                [e["score"] for e in entities], abs=1e-3
            )


def test_the_runner_has_at_most_sixty_lines():
    assert len(RUNNER.read_text().splitlines()) <= 60


@pytest.mark.slow
def test_the_runner_answers_as_the_engine_does(exported: Exported):
    texts = [*TEXTS.values(), "a [CLS] in a text </s>", "half of one: \ud83d ..."]
    found = answers(exported.folder, texts)
    assert_equal_answers(found, exported.engine, texts)
    assert sum(bool(one["entities"][name]) for one in found for name in one["entities"]) > len(texts)
    assert any(one["cut"] for one in found)


@pytest.mark.slow
@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_architecture_answers_equally(tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str):
    texts = [*TEXTS.values(), *(" ".join(WORDS[i : i + i % 40 + 1]) for i in range(len(WORDS)))]
    one = exported_model(backbone_folder(architecture), tmp_path / "out")
    assert_equal_answers(answers(one.folder, texts), one.engine, texts)


def test_what_int8_costs_and_what_the_runner_leaves_out_is_said(exported: Exported):
    cost, cut = exported.notes
    assert re.search(r"model_int8.onnx beside model.onnx: cosine of the embeddings 0\.\d+, at least 0\.\d+", cost)
    assert all(f"{name} " in cost for name in ("topic", "names", "tone", "parts", "raw"))
    assert cut == f"run.py reads the first {MAX_TOKENS} tokens of a text, Polyhead reads all of it"
    assert cost in (exported.folder / "README.md").read_text()


def test_a_missing_library_is_said_in_one_sentence(exported: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("mtl.exports.onnx.find_spec", lambda name: None if name == "onnxscript" else name)
    with pytest.raises(InputError, match=r"needs onnxscript: pip install 'polyhead\[onnx\]'"):
        write(exported.loaded, tmp_path, ExportLog())


def test_it_is_a_program_too(exported: Exported):
    command = [sys.executable, str(exported.folder / "run.py"), TEXTS["plain"]]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert_equal_answers([json.loads(printed)], exported.engine, [TEXTS["plain"]])
