"""One way for all formats: what is refused, and that nothing half-made stays."""

import errno
import os
from pathlib import Path

import pytest
from safetensors import SafetensorError

from mtl.errors import CheckpointError, InputError, StorageError
from mtl.exports import FORMATS, export
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.exports.models import saved_model

QUICK = "sentence-transformers"


@pytest.fixture(scope="module")
def checkpoint(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return saved_model(tiny_bert, tmp_path_factory.mktemp("models") / "checkpoint")


def test_the_report_names_what_was_written(checkpoint: Path, tmp_path: Path):
    (tmp_path / "out").mkdir()  # an empty folder may be there
    report = export(checkpoint, tmp_path / "out", format=QUICK)
    written = {f.relative_to(tmp_path / "out").as_posix() for f in (tmp_path / "out").rglob("*") if f.is_file()}
    assert set(report.files) == written >= {"model.safetensors", "modules.json", "polyhead/config.json"}
    assert report.size == sum((tmp_path / "out" / name).stat().st_size for name in written)
    assert any("reads the embedding alone" in note for note in report.notes)


@pytest.mark.parametrize("there", ["file", "folder"])
def test_what_is_there_stays(checkpoint: Path, tmp_path: Path, there: str):
    kept = tmp_path / "out" if there == "file" else tmp_path / "out" / "kept.txt"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text("kept")
    with pytest.raises(InputError, match="this is a file" if there == "file" else "this one has files"):
        export(checkpoint, tmp_path / "out", format=QUICK)
    assert kept.read_text() == "kept"


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), SafetensorError("No space left")])
@pytest.mark.parametrize("name", FORMATS)
def test_a_full_disk_is_a_sentence_and_leaves_nothing(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, name: str
):
    def full(_loaded: object, folder: Path, _log: object) -> None:
        (folder / "half").write_text("half")
        raise error

    monkeypatch.setitem(FORMATS, name, full)  # type: ignore[arg-type]
    with pytest.raises(StorageError, match="room for .* was expected: No space left") as raised:
        export(checkpoint, tmp_path / "out", format=name)
    assert raised.value.path == str(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_model_that_is_not_there_leaves_nothing(tmp_path: Path, tiny_bert: Path):
    checkpoint = saved_model(tiny_bert, tmp_path / "c")
    (checkpoint / "model.safetensors").write_bytes(b"")
    with pytest.raises(CheckpointError):
        export(checkpoint, tmp_path / "new" / "deep" / "out", format=QUICK)
    assert list(tmp_path.iterdir()) == [checkpoint]


def test_the_command_says_what_it_wrote_and_what_is_lost(checkpoint: Path, tmp_path: Path):
    result = succeed("export", checkpoint, tmp_path / "out", "--format", QUICK)
    assert result.stdout.startswith("sentence-transformers: ")
    assert "note: sentence-transformers reads the embedding alone" in result.stderr
    assert "this one has files" in complaint("export", checkpoint, tmp_path / "out", "--format", QUICK)


def test_an_unknown_format_is_answered_with_those_there_are(checkpoint: Path, tmp_path: Path):
    said = complaint("export", checkpoint, tmp_path / "out", "--format", "pickle")
    assert said == f"--format: a format of {', '.join(FORMATS)} was expected, was 'pickle'"


def test_a_link_is_refused_and_a_place_that_cannot_be_written_is_named(checkpoint: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "empty")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    for name in ("link", "dangling"):
        with pytest.raises(InputError, match=f"{name}: a new or an empty folder was expected, this is a link"):
            export(checkpoint, tmp_path / name, format="sentence-transformers")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="file/out: a place that can be written was expected"):
        export(checkpoint, tmp_path / "file" / "out", format="sentence-transformers")


def test_what_a_killed_export_left_goes_with_the_next_one(checkpoint: Path, tmp_path: Path):
    killed, other = tmp_path / ".4194305-out", tmp_path / f".{os.getppid()}-out"  # the first is beyond any process id
    for folder in (killed, other):
        folder.mkdir()
    export(checkpoint, tmp_path / "out", format="sentence-transformers")
    assert not killed.exists() and other.exists()
