"""What is prepared of a model, chosen and remembered."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mtl.backbones import find_backbone
from mtl.errors import InputError
from mtl.folders import files_in
from mtl.inference import Engine
from mtl.inference.autotune import machine, measuring
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.backends import openvino
from mtl.inference.loading import prepare
from mtl.inference.source import find_model
from tests.mtl.inference.engines import TEXTS
from tests.tiers import slow_except

needs_openvino = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")


@pytest.fixture
def home(tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    find_backbone(str(tiny_bert))  # known there to the checkpoints on it
    return tmp_path / "home"


@needs_openvino
def test_a_damaged_sample_is_noted_and_the_model_loads(trained: Path, home: Path, tmp_path: Path):
    copy = Path(shutil.copytree(trained / "best", tmp_path / "copy"))
    (copy / "sample" / "topic.jsonl").write_text("{", encoding="utf-8")
    choice = Engine.load(copy).choice
    assert any("the evaluation sample was left out" in note and "topic.jsonl:1" in note for note in choice.notes)


@needs_openvino
@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_choice_made_on_a_busy_machine_is_made_again_later(
    tiny_bert: Path, home: Path, monkeypatch: pytest.MonkeyPatch, share: float
):
    monkeypatch.setattr(measuring, "_STEADY", 0.0)
    monkeypatch.setattr(measuring, "_SECONDS", 0.0)
    monkeypatch.setattr(machine, "core_share", lambda: share)
    monkeypatch.setattr(machine, "now", lambda: 1e9)
    first = Engine.load(tiny_bert).choice
    monkeypatch.setattr(machine, "core_share", lambda: 1.0)
    monkeypatch.setattr(machine, "now", lambda: 2e9)
    second = Engine.load(tiny_bert).choice
    assert (first.provisional, second.provisional) == (share < 1, False)
    assert (second.measured_at > first.measured_at) is first.provisional
    assert Engine.load(tiny_bert).choice == second


@needs_openvino
def test_the_choice_is_remembered(tiny_bert: Path, home: Path, monkeypatch: pytest.MonkeyPatch):
    first = Engine.load(tiny_bert)

    def again(*_: object) -> None:
        raise AssertionError("measured a second time")

    monkeypatch.setattr(measuring, "choose", again)
    second = Engine.load(tiny_bert)
    assert second.choice == first.choice
    np.testing.assert_allclose(second.encode("anna met tom"), first.encode("anna met tom"), rtol=0, atol=1e-6)


@needs_openvino
def test_what_was_prepared_is_used_where_nothing_may_be_written(
    tiny_bert: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    first = Engine.load(tiny_bert).choice

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    def again(*_: object) -> None:
        raise AssertionError("measured a second time")

    for name in ("utime", "mkdir", "replace", "rename"):
        monkeypatch.setattr(os, name, refused)
    monkeypatch.setattr(measuring, "choose", again)
    assert Engine.load(tiny_bert).choice == first
    assert prepare(str(tiny_bert), precision="auto", backend="auto") == first


def _emptied(file: Path) -> None:
    file.write_bytes(b"")


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def _replaced(file: Path) -> None:
    file.write_bytes(b'{"model": {}}')


DAMAGES: dict[str, tuple[Callable[[Path], None], bool]] = {
    "missing": (Path.unlink, True),
    "empty": (_emptied, False),
    "cut": (_cut, True),
    "of another kind": (_replaced, False),
}
"""What happened to a file, and whether the choice of a backend is still there."""


@needs_openvino
@pytest.mark.parametrize("how", slow_except(DAMAGES, "cut"))
def test_whatever_is_damaged_of_what_was_prepared_is_made_anew(tiny_bert: Path, home: Path, tmp_path: Path, how: str):
    damage, is_chosen = DAMAGES[how]

    def loaded(precision: str) -> Engine:
        return Engine.load(tiny_bert, backend="openvino", precision=precision)

    expected = {precision: loaded(precision).encode(["anna met tom"]) for precision in ("int8", "fp32")}
    (folder,) = home.glob("cache/engines/*")
    if not is_chosen:
        for choice in folder.glob("choice-*"):
            choice.unlink()
    whole = Path(shutil.copytree(folder, tmp_path / "whole"))
    names = {file.name for file in files_in(whole)}
    graphs = {f"graph{of}.{part}" for of in ("", "-int8") for part in ("xml", "bin")}
    assert {"tokenizer.json", "engine.json"} | graphs <= names
    for name in sorted(names):
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        damage(folder / name)
        damaged = (folder / name).read_bytes() if (folder / name).exists() else None
        for precision, embeddings in expected.items():
            np.testing.assert_allclose(loaded(precision).encode(["anna met tom"]), embeddings, rtol=0, atol=1e-5)
        assert (folder / name).read_bytes() != damaged


@needs_openvino
def test_what_killed_processes_left_is_deleted_when_a_model_is_prepared(tiny_bert: Path, home: Path):
    Engine.load(tiny_bert, backend="openvino", precision="fp32")
    (folder,) = home.glob("cache/engines/*")
    left, new = folder / ".new-left", folder / ".new-x"
    for one in (left, new):
        one.mkdir()
        (one / "graph.bin").touch()
    os.utime(left, (0, 0))
    Engine.load(tiny_bert, backend="openvino", precision="int8")
    assert new.exists() and not left.exists()


@needs_openvino
@pytest.mark.parametrize("backend", ["openvino", "torch"])
def test_every_backend_gives_the_same_entities_and_classes(trained: Path, home: Path, backend: str):
    texts = list(TEXTS.values())
    expected = Engine.load(trained / "best", backend="torch", precision="fp32").analyze(texts)
    found = Engine.load(trained / "best", backend=backend, precision="fp32").analyze(texts)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.embedding, other.embedding, rtol=0, atol=1e-4)
        for task, classes in other.classes.items():
            assert one.classes[task] == pytest.approx(classes, abs=1e-4)
        for task, entities in other.entities.items():
            assert [(e["start"], e["end"], e["entity_group"]) for e in one.entities[task]] == [
                (e["start"], e["end"], e["entity_group"]) for e in entities
            ]


@needs_openvino
def test_a_prepared_model_loads_and_answers_without_torch(tiny_bert: Path, home: Path):
    Engine.load(tiny_bert, backend="openvino")
    program = (
        "import sys; from mtl import Engine; "
        f"Engine.load({str(tiny_bert)!r}, backend='openvino').analyze(['Anna met Tom.']); "
        "sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])


def test_another_content_is_another_model(tiny_bert: Path, trained: Path):
    prints = {find_model(str(path)).fingerprint() for path in (tiny_bert, trained / "best")}
    assert len(prints) == 2
    assert find_model(str(tiny_bert)).fingerprint() in prints


def test_a_folder_that_holds_nothing_useful_is_as_if_it_were_not_there(home: Path):
    folder = PreparedFolder("0" * 64)
    assert folder.spec() is None
    folder.path.mkdir(parents=True)
    (folder.path / "engine.json").write_text("{}", encoding="utf-8")
    assert folder.spec() is None
    assert folder.choice("x") is None


@pytest.mark.parametrize(
    ("option", "allowed"),
    [
        ("precision", "auto, fp32, bf16, mixed, int8"),
        ("backend", "auto, openvino, torch"),
        ("long_texts", "windows, cut"),
    ],
)
def test_an_unknown_option_names_what_is_allowed(tiny_bert: Path, option: str, allowed: str):
    with pytest.raises(InputError, match=f"a {option} of {allowed} was expected, was 'quick'"):
        Engine.load(tiny_bert, **{option: "quick"})
