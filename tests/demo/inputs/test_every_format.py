"""Files as annotation tools write them, through every upload of the page."""

from pathlib import Path

import pytest

from demo.answers.gold import read_labelled, read_tagged
from demo.inputs.drafts import TaskUpload, allowed_endings, import_upload
from mtl.recipe import TaskKind
from tests.demo.fakes import settings

DATA = Path(__file__).parents[2] / "data"
NEEDS_NAMES = "entities-huggingface.jsonl"  # its tags are numbers
FILES = {
    kind: sorted(
        file
        for file in DATA.glob(f"{start}*")
        if file.suffix in allowed_endings(kind, settings()) and file.name != NEEDS_NAMES
    )
    for kind, start in ((TaskKind.CLASSIFICATION, "classes"), (TaskKind.TAGGING, "entities"))
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


def test_there_are_files_of_both_kinds():
    assert all(len(files) > 10 for kind, files in FILES.items() if kind is TaskKind.TAGGING)
    assert len(FILES[TaskKind.CLASSIFICATION]) > 5


@pytest.mark.parametrize(
    ("kind", "file"), [(kind, file) for kind, files in FILES.items() for file in files], ids=lambda v: Path(str(v)).name
)
def test_a_file_becomes_a_task(kind: TaskKind, file: Path):
    draft = import_upload(TaskUpload("mine", kind, file, file), taken=(), settings=settings())
    assert draft.train_size > 0
    assert draft.counts


@pytest.mark.parametrize("file", FILES[TaskKind.TAGGING], ids=lambda file: file.name)
def test_a_file_with_entities_says_what_is_right(file: Path):
    sentences, gold = read_tagged(file, settings())
    assert len(gold.spans) == len(sentences.texts) > 0
    assert any(gold.spans)
    for text, spans in zip(sentences.texts, gold.spans, strict=True):
        assert all(0 <= span.start < span.end <= len(text) for span in spans)


@pytest.mark.parametrize("file", FILES[TaskKind.CLASSIFICATION], ids=lambda file: file.name)
def test_a_file_with_classes_says_what_is_right(file: Path):
    sentences, gold = read_labelled(file, settings())
    assert len(gold.labels or gold.label_sets) == len(sentences.texts) > 0
