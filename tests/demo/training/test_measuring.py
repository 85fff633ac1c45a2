import dataclasses
import json

import pytest

from demo.training import measuring
from demo.training.measuring import measure, tasks_of
from mtl.errors import MtlError
from mtl.recipe import TaskKind
from mtl.runs import RunFolder
from tests.demo.fakes import settings


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    folder.best.mkdir(parents=True)
    tasks = {"topic": {"kind": "classification"}, "names": {"kind": "tagging"}}
    (folder.best / "config.json").write_text(json.dumps({"tasks": tasks}))
    return folder


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "test.conll"
    made.write_text("Ann\tB-PER\n")
    return made


def test_the_tasks_are_those_of_the_checkpoint(run, tmp_path):
    assert tasks_of(run) == {"topic": TaskKind.CLASSIFICATION, "names": TaskKind.TAGGING}
    assert tasks_of(RunFolder(tmp_path / "other")) == {}


@pytest.mark.parametrize(
    ("task", "has_file", "page", "says"),
    [
        ("other", True, settings(), "A task of topic, names was expected, was other"),
        (None, True, settings(), "A task of topic, names"),
        ("names", False, settings(), "Upload a labelled file"),
        ("topic", True, settings(), r"test\.conll: a file of type \.csv"),
        ("names", True, dataclasses.replace(settings(), max_upload_mb=1e-6), "MB was expected"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(run, file, task, has_file, page, says):
    with pytest.raises(MtlError, match=says):
        measure(run, task, file if has_file else None, page)


def test_tagging_is_measured_on_raw_text_too_and_folders_stay_ours(run, file, monkeypatch):
    asked = []

    class Fake:
        def __init__(self, arguments, *, settings):
            asked.extend(arguments)

        def answer(self, *, seconds):
            return {"eval/names/f1": 0.5, "eval/names/raw_f1": 0.25}

    monkeypatch.setattr(measuring, "Command", Fake)
    assert measure(run, "names", file, settings()) == {"f1": 0.5, "raw_f1": 0.25}
    assert asked == ["evaluate", str(run.best), "--data", f"names={file}", "--raw"]
    measure(run, "names", file, settings(), {"token": "2"})
    assert asked[-2:] == ["--column", "token=2"]
