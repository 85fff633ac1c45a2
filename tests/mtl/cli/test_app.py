"""The program as a whole."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mtl.cli.calling import complaint, succeed

ROOT = Path(__file__).parents[3]
COMMANDS = ("train", "plan", "backbones", "compare", "evaluate", "predict", "encode")


@pytest.mark.parametrize("command", [(), *((name,) for name in COMMANDS)], ids=lambda c: c[0] if c else "mtl")
def test_every_command_has_help(command: tuple[str, ...]):
    result = succeed(*command, "--help")
    plain = re.sub(r"\x1b\[[0-9;]*m", "", result.stdout)
    assert "Usage" in plain
    assert all(name in plain for name in (command or COMMANDS))


@pytest.mark.parametrize(
    "arguments",
    [("train",), ("plan",), ("compare", "x"), ("evaluate", "x"), ("predict", "x", "y"), ("grow",), ("train", "--x")],
)
def test_a_command_that_is_used_wrongly_is_one_line_and_status_1(arguments: tuple[str, ...]):
    complaint(*arguments)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {**os.environ, "MTL_HOME": str(tmp_path_factory.mktemp("home")), "PYTHONPATH": str(ROOT)}


def test_the_module_runs_as_a_program(environment: dict[str, str], tmp_path: Path):
    command = [sys.executable, "-m", "mtl", "train", str(tmp_path / "none.yaml")]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert result.returncode == 1
    assert result.stdout == ""
    assert (
        result.stderr == f"error: {tmp_path / 'none.yaml'}: a readable recipe was expected: No such file or directory\n"
    )


def test_help_needs_no_torch(environment: dict[str, str]):
    code = "import sys; from mtl.cli.app import app; import mtl, mtl.runs; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk_is_one_line_and_status_1(tmp_path: Path):
    (tmp_path / "in.jsonl").write_text('{"text": "a", "label": "x"}\n')
    assert "No space left on device" in complaint("convert", tmp_path / "in.jsonl", "/dev/full", "--to", "jsonl")


@pytest.mark.parametrize("command", ["predict", "encode"])
def test_an_output_that_the_system_refuses_is_one_line(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
):
    from mtl.inference.bulk import formats

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path / "part"))

    for form in (formats.PredictionLines, formats.EmbeddingArray):
        monkeypatch.setattr(form, "write", refuse)
    (tmp_path / "in.txt").write_text("one\n")
    target = tmp_path / ("out.jsonl" if command == "predict" else "out.npy")
    said = complaint(command, tiny_bert, tmp_path / "in.txt", target)
    assert said == f"{target}: the disk is full (No space left on device)"
