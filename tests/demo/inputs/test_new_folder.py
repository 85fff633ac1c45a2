import pytest

from demo.answers.embedded import embed_sentences
from demo.inputs import drafts, kept_drafts
from demo.inputs.drafts import TaskUpload
from demo.inputs.new_folder import new_folder
from demo.inputs.text_input import Sentences
from demo.maps import exporting
from demo.maps.exporting import ExportFormat, export_embeddings
from demo.training import retraining
from demo.training.corrections import Correction
from demo.training.retraining import Head, retraining_recipe
from mtl.recipe import TaskKind
from tests.demo.fakes import FakeModel, settings


def full(*_, **__):
    raise OSError(28, "No space left on device")


def test_a_folder_stays_only_with_its_content(tmp_path):
    with new_folder(tmp_path / "a" / "kept") as folder:
        (folder / "file").touch()
    with pytest.raises(ValueError), new_folder(tmp_path / "a" / "gone") as folder:
        (folder / "file").touch()
        raise ValueError
    assert [place.name for place in (tmp_path / "a").iterdir()] == ["kept"]


@pytest.mark.parametrize("form", ExportFormat)
def test_an_export_that_fails_leaves_nothing(tmp_path, monkeypatch, form):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    *_, embedded = embed_sentences(FakeModel(), Sentences(("one", "two")), key="starter")
    monkeypatch.setattr(exporting, "_table", full)
    with pytest.raises(OSError, match="No space"):
        export_embeddings(embedded, form)
    assert not [place for place in tmp_path.rglob("*") if place.name != "temporary"]


def test_retraining_that_cannot_write_its_data_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(retraining, "write_examples", full)
    head = Head("topic", TaskKind.CLASSIFICATION, tmp_path)
    with pytest.raises(OSError, match="No space"):
        retraining_recipe(head, FakeModel(), [Correction("a", label="sports")], settings())
    assert list((tmp_path / "uploads").iterdir()) == []


def test_a_task_that_cannot_be_recorded_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    file = tmp_path / "a.csv"
    file.write_text("text,label\n" + "".join(f"one {i},a\ntwo {i},b\n" for i in range(10)), encoding="utf-8")
    monkeypatch.setattr(kept_drafts, "write_record", full)
    with pytest.raises(OSError, match="No space"):
        kept_drafts.add_task(
            TaskUpload("mine", TaskKind.CLASSIFICATION, file, None), owner="somebody", settings=settings()
        )
    assert list((tmp_path / "home" / "uploads").iterdir()) == []


def test_an_upload_to_a_home_that_cannot_be_written_is_an_error_of_the_system(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", "/proc/no/home")
    file = tmp_path / "a.csv"
    file.write_text("text,label\none,a\n", encoding="utf-8")
    with pytest.raises(OSError, match="No such file"):
        drafts.import_upload(TaskUpload("mine", TaskKind.CLASSIFICATION, file, None), taken=(), settings=settings())
