"""The disk is full, or a file may not grow, while a command writes its output: the sentence, and what is kept."""

import errno
import gc
import json
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from mtl.data import LabelledText, ScoredPair, write_examples
from mtl.data.converting import writers
from mtl.data.examples import tagged
from mtl.inference.bulk import formats
from mtl.labels import TypedSpan
from tests.mtl.cli.calling import complaint, succeed
from tests.tiers import slow_except
from tests.tiny import save_backbone

FULL = Path("/dev/full")
needs_a_full_device = pytest.mark.skipif(not FULL.exists(), reason="there is no device that is always full")
OUTPUTS = {
    "predict .jsonl": ("predict", "out.jsonl"),
    "predict .parquet": ("predict", "out.parquet"),
    "encode .npy": ("encode", "out.npy"),
    "encode .parquet": ("encode", "out.parquet"),
}
EACH_OUTPUT = pytest.mark.parametrize("output", slow_except(OUTPUTS, "predict .parquet", "encode .npy"))
NO_ROOM = "the disk is full (No space left on device)"
TOO_LARGE = "a file that can be written was expected: File too large"


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_backbone("bert", tmp_path_factory.mktemp("backbones") / "bert")


@pytest.fixture
def texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    path = tmp_path / "in.txt"
    path.write_text("the film was good\n" * 200, encoding="utf-8")
    return path


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """No file of this process grows over so many bytes, as with `ulimit -f`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def run(command: str, backbone: Path, texts: Path, target: Path) -> tuple[object, ...]:
    return (command, backbone, texts, target, "--precision", "fp32")


@EACH_OUTPUT
@needs_a_full_device
def test_a_full_disk_ends_a_command_with_the_name_of_its_output_and_what_is_done_stays(
    backbone: Path, texts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
):
    command, name = OUTPUTS[output]
    target, arguments = tmp_path / name, run(command, backbone, texts, tmp_path / name)
    whole = tmp_path / f".{name}.{os.getpid()}"
    whole.symlink_to(FULL)  # there is room for the parts, and none for the whole
    assert complaint(*arguments) == f"{target}: {NO_ROOM}"
    assert not target.exists()
    part = next((tmp_path / f"{name}.partial").glob(f"0*{target.suffix}"))
    part.unlink()
    part.with_name(f".{part.name}").symlink_to(FULL)  # there is none for a part
    assert complaint(*arguments) == f"{target}: {NO_ROOM}"
    part.with_name(f".{part.name}").unlink(missing_ok=True)

    def once(*_: object) -> None:
        raise AssertionError("no part is written anew")

    succeed(*arguments)
    expected = target.read_bytes()
    target.unlink()
    whole.symlink_to(FULL)
    complaint(*arguments)
    monkeypatch.setattr(formats.PredictionLines, "write", once)
    monkeypatch.setattr(formats.EmbeddingArray, "write", once)
    monkeypatch.setattr(formats.PredictionTable, "write", once)
    monkeypatch.setattr(formats.EmbeddingTable, "write", once)
    succeed(*arguments)
    assert target.read_bytes() == expected


@EACH_OUTPUT
def test_an_output_that_may_not_grow_is_named(backbone: Path, texts: Path, tmp_path: Path, output: str):
    command, name = OUTPUTS[output]
    target = tmp_path / name
    succeed(*run(command, backbone, texts, target))
    before, size = target.read_bytes(), target.stat().st_size
    shutil.rmtree(tmp_path / f"{name}.partial", ignore_errors=True)
    with files_of_at_most(size // 2):
        assert complaint(*run(command, backbone, texts, target)) == f"{target}: {TOO_LARGE}"
    assert target.read_bytes() == before


EXAMPLES = {
    "classes": [LabelledText("the film was good", f"label {i}") for i in range(400)],
    "spans": [tagged(f"anna met {i} tom", [TypedSpan(0, 4, "PER")]) for i in range(400)],
    "pairs": [ScoredPair(f"one {i}", "two", i / 400) for i in range(400)],
}


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where programs put what is not meant to stay."""
    folder = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


WRONG_CELLS = {"a control character": "an\0na", "too long": "anna " * 10_000}


@pytest.mark.parametrize("text", WRONG_CELLS.values(), ids=WRONG_CELLS)
@pytest.mark.parametrize("rows", [0, 400])
def test_a_text_that_no_cell_holds_is_one_sentence_and_leaves_no_copy_of_the_others(
    tmp_path: Path, temporary: Path, text: str, rows: int
):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.xlsx"
    write_examples(source, [*EXAMPLES["classes"][:rows], LabelledText(text, "x")])
    assert f"text of row {rows + 2} has" in complaint("convert", source, target)
    gc.collect()  # what was left unfinished would be told now
    assert not [*temporary.iterdir(), *tmp_path.glob("*out*")]


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("form", writers())
def test_a_file_to_convert_to_for_which_there_is_no_room_is_named(
    tmp_path: Path, temporary: Path, form: str, kind: str
):
    source, target = tmp_path / "in.jsonl", tmp_path / f"out.{form}"
    write_examples(source, EXAMPLES[kind])
    target.write_bytes(b"mine")
    arguments = ("convert", source, target, "--to", form)
    with files_of_at_most(1_000):
        said = complaint(*arguments)
    assert target.read_bytes() == b"mine"
    assert {path.name for path in tmp_path.iterdir()} == {source.name, target.name}
    assert not list(temporary.iterdir())
    if "needs spaCy" in said or "expected, " in said:  # this format holds no examples of this kind
        return
    assert said == f"{target}: {TOO_LARGE}"
    if FULL.exists():
        assert complaint("convert", source, FULL, "--to", form) == f"{FULL}: {NO_ROOM}"
        assert FULL.is_char_device()
    assert not list(temporary.iterdir())


@needs_a_full_device
def test_figures_for_which_there_is_no_room_are_told_by_the_name_of_their_file(tmp_path: Path):
    assert complaint("backbones", "--json", FULL) == f"{FULL}: {NO_ROOM}"
    target = tmp_path / "found.json"
    with files_of_at_most(100):
        assert complaint("backbones", "--json", target) == f"{target}: {TOO_LARGE}"
    assert not list(tmp_path.iterdir())


def test_rejected_rows_for_which_there_is_no_room_are_told_by_the_name_of_their_file(
    backbone: Path, texts: Path, tmp_path: Path
):
    source, target = tmp_path / "in.jsonl", tmp_path / "out.npy"
    lines = [json.dumps({"text": "good"}), *[json.dumps({"text": None})] * 200]
    source.write_text("\n".join(lines), encoding="utf-8")
    rejects = tmp_path / "out.npy.rejects.jsonl"
    with files_of_at_most(1_000):
        assert complaint(*run("encode", backbone, source, target)) == f"{rejects}: {TOO_LARGE}"
    succeed(*run("encode", backbone, source, target))
    assert np.load(target).shape[0] == 201


def test_an_error_of_the_system_without_a_number_keeps_its_words(tmp_path: Path):
    from mtl.disk import writing
    from mtl.errors import StorageError

    for error, said in (
        (OSError("48 requested and 11 written"), "a file that can be written was expected: 48 requested"),
        (OSError(errno.EDQUOT, "x"), r"the disk is full \("),
        (PermissionError(errno.EACCES, "x", "other"), "a file that can be written was expected: Permission denied"),
    ):
        with pytest.raises(StorageError, match=f"out: {said}"), writing(tmp_path / "out"):
            raise error
