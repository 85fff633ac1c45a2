"""A run's model as a zip in another tool's format."""

import zipfile
from pathlib import Path

import pytest

from demo.temporary import temporary_folder
from demo.training import exporting
from demo.training.exporting import export_run
from mtl.errors import InputError, RunError
from mtl.exports import FORMATS
from mtl.runs import RunFolder, runs_root
from tests.demo.fakes import settings


class FakeCommand:
    """Stands for the process; writes what the command would, then ends as it is told."""

    error: RunError | None = None

    def __init__(self, arguments, *, settings, work):
        self.name, self.checkpoint, self.folder, self.option, self.format = arguments

    def answer(self, *, seconds):
        assert (self.name, self.option) == ("export", "--format")
        (Path(self.folder) / "inner").mkdir(parents=True)
        (Path(self.folder) / "inner" / "model.txt").write_text(f"{self.format} of {Path(self.checkpoint).name}")
        if self.error:
            raise self.error
        return {"notes": ["its thresholds are not held"]}


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(exporting, "Command", FakeCommand)
    made = RunFolder(runs_root() / "20260101-000000-topic-aabbccdd")
    made.create()
    made.best.mkdir()
    (made.best / "config.json").write_text("{}")
    return made


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_packed_with_what_it_cannot_hold(run, name):
    done = export_run(run, name, settings())
    assert done.notes == ("its thresholds are not held",)
    with zipfile.ZipFile(done.file) as archive:
        files = [one for one in archive.namelist() if not one.endswith("/")]
        assert [one.partition("/")[2] for one in files] == ["inner/model.txt"]
        assert archive.read(files[0]).decode() == f"{name} of best"
    assert [path.name for path in done.file.parent.iterdir()] == [done.file.name]


def test_a_failed_export_leaves_nothing_to_download(run, monkeypatch):
    monkeypatch.setattr(FakeCommand, "error", RunError("this needs onnxruntime"))
    with pytest.raises(RunError, match="this needs onnxruntime"):
        export_run(run, next(iter(FORMATS)), settings())
    assert not [path for path in temporary_folder().rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", [None, "", "../x", "pickle"])
def test_what_is_no_format_starts_nothing(run, monkeypatch, name):
    monkeypatch.setattr(exporting, "Command", None)
    with pytest.raises(InputError, match="a format of sentence-transformers, "):
        export_run(run, name, settings())


def test_a_run_without_a_model_has_nothing_to_export(run):
    (run.best / "config.json").unlink()
    with pytest.raises(RunError, match="no model to export yet"):
        export_run(run, next(iter(FORMATS)), settings())
