"""`mtl prepare`: what a model runs with is chosen once, and found by whoever loads it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mtl.backbones import find_backbone
from mtl.inference import Engine
from mtl.inference.autotune import measuring
from mtl.inference.backends import exporting, openvino
from mtl.inference.loading import prepare_in_subprocess
from tests.mtl import processes
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.comparing.late_run import LateRun


@pytest.fixture
def model(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model that was not prepared."""
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    find_backbone(str(tiny_bert))
    return tiny_bert


@pytest.mark.parametrize("options", [{}, {"backend": "torch"}, {"precision": "fp32"}])
def test_it_says_what_an_engine_then_runs_with(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options):
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    said = succeed("prepare", model, "--json", tmp_path / "found.json", *arguments).stdout
    found = json.loads((tmp_path / "found.json").read_text())

    def again(*_: object) -> None:
        raise AssertionError("measured a second time")

    monkeypatch.setattr(measuring, "choose", again)
    choice = Engine.load(model, **options).choice
    assert found == {
        "backend": choice.backend,
        "precision": choice.precision,
        "reason": choice.reason,
        "notes": list(choice.notes),
    }
    assert said == f"{choice.backend}, {choice.precision}: {choice.reason}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("no/such/folder",), "no/such/folder"),
        (("starter", "--backend", "quick"), "a backend of auto, openvino, torch was expected, was 'quick'"),
        (("starter", "--precision", "quick"), "a precision of auto, fp32, bf16, mixed, int8 was expected, was 'quick'"),
        (("starter", "--json", "no/folder/file"), "does not exist"),
    ],
)
def test_what_it_cannot_prepare_is_one_sentence(model: Path, arguments: tuple[str, ...], expected: str):
    assert expected in complaint("prepare", *arguments)


@pytest.mark.parametrize("backend", ["auto", "torch"])
def test_where_nothing_can_be_kept_it_fails(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: str):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "file"))
    said = complaint("prepare", model, "--backend", backend)
    assert said.startswith(str(tmp_path / "file" / "cache" / "engines")) and ": not everything could be stored" in said


@pytest.mark.slow
@pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")
def test_it_fails_while_a_graph_has_no_room_and_then_makes_it(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def no_room(*_: object) -> None:
        raise openvino.UnwrittenGraphError("no room for the graph")

    with monkeypatch.context() as patch:
        patch.setattr(exporting, "save_graph", no_room)
        for _ in range(2):
            assert "not everything could be stored; no room for the graph" in complaint("prepare", model)
        assert Engine.load(model).choice.unwritten
    succeed("prepare", model)
    assert not Engine.load(model).choice.unwritten
    assert list((tmp_path / "home").glob("cache/engines/*/graph.xml"))


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_a_process_that_prepares_for_another_one_ends_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    preparing = LateRun(tmp_path, monkeypatch, ends_when_asked=False)
    waiting = processes.start(prepare_in_subprocess, "starter", "auto", "auto")
    preparing.must_begin()
    waiting.kill()
    waiting.join()
    preparing.must_have_ended(asked=False)


@pytest.mark.slow
@pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")
def test_a_process_without_torch_has_it_done_in_another(model: Path, tmp_path: Path):
    (tmp_path / "--model").symlink_to(model)
    load = "Engine.load('--model', backend='openvino')"
    program = f"import sys; from mtl import Engine; {load}; sys.exit('torch' in sys.modules)"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    environment |= {"WORLD_SIZE": "2", "RANK": "1"}  # as under torchrun
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    assert list((tmp_path / "home").glob("cache/engines/*/graph.xml"))
