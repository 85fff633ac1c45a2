import dataclasses

import pytest

from demo.inputs import drafts, kept_drafts
from demo.inputs.drafts import TaskUpload
from mtl.errors import DataError, InputError
from mtl.recipe import TaskConfig, TaskKind
from tests.demo.fakes import settings

EXAMPLES = [draft.name for draft in drafts.built_in()]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def csv(tmp_path):
    file = tmp_path / "mine.csv"
    file.write_text("body,kind\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(20)))
    return file


def add(csv, owner="ann", **how):
    upload = TaskUpload("intent", TaskKind.CLASSIFICATION, csv, None, columns={"text": "body", "label": "kind"})
    return kept_drafts.add_task(upload, owner=owner, settings=settings(**how))


def names(owner, **how):
    return [draft.name for draft in kept_drafts.known(owner, settings(**how))]


def test_an_added_task_is_there_again_for_its_owner_alone(csv):
    draft = add(csv, share=True)
    assert kept_drafts.known("ann", settings(share=True))[-1] == draft
    assert names("ben", share=True) == EXAMPLES
    assert names("", share=True) == EXAMPLES
    assert names("ben") == [*EXAMPLES, "intent"]


def test_a_name_can_be_taken_by_two_strangers_but_not_twice_by_one(csv):
    add(csv, owner="ann", share=True)
    add(csv, owner="ben", share=True)
    with pytest.raises(DataError, match="already"):
        add(csv, owner="ben", share=True)


def test_a_forgotten_task_is_off_the_list_and_its_files_stay(csv):
    draft = add(csv)
    kept_drafts.forget_task("intent", owner="ann", settings=settings())
    assert names("ann") == EXAMPLES
    assert all(drafts.Path(file).is_file() for file in draft.config.train)
    with pytest.raises(DataError, match="was topic"):
        kept_drafts.forget_task("topic", owner="ann", settings=settings())


def test_a_task_whose_files_are_gone_is_not_offered(csv):
    draft = add(csv)
    drafts.Path(draft.config.train[0]).unlink()
    assert names("ann") == EXAMPLES


def test_files_of_this_machine_are_adopted_at_home_and_never_in_public(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("text,label\na,x\nb,y\n")
    config = TaskConfig(kind=TaskKind.CLASSIFICATION, train=(str(file),))
    kept_drafts.adopt("mine", config, owner="ann", settings=settings())
    assert kept_drafts.known("ann", settings())[-1].config.train == (str(file),)
    with pytest.raises(DataError, match="not on this page"):
        kept_drafts.adopt("mine", config, owner="ann", settings=settings(training="capped"))
    with pytest.raises(DataError, match="not on this page"):
        kept_drafts.adopt(
            "mine", config, owner="ann", settings=dataclasses.replace(settings(space=True, training="full"))
        )


@pytest.fixture
def adopted(tmp_path):
    """The file of an adopted task; another task was added after it."""
    file = tmp_path / "a.csv"
    file.write_text("text,label\na,x\nb,y\n")
    kept_drafts.adopt(
        "mine", TaskConfig(kind=TaskKind.CLASSIFICATION, train=(str(file),)), owner="ann", settings=settings()
    )
    kept_drafts.adopt(
        "later", TaskConfig(kind=TaskKind.CLASSIFICATION, train=(str(file),)), owner="ann", settings=settings()
    )
    return file


def mine():
    found = kept_drafts.known("ann", settings())
    assert [draft.name for draft in found] == [*EXAMPLES, "mine", "later"]
    return found[-2]


def test_an_adopted_task_has_the_examples_and_labels_that_its_file_has_now(adopted, monkeypatch):
    assert mine().counts == (("x", 1), ("y", 1))
    with adopted.open("a") as file:
        file.write("c,z\n")
    assert (mine().train_size, mine().counts) == (3, (("x", 1), ("y", 1), ("z", 1)))
    monkeypatch.setattr(kept_drafts, "read_in_child", None)  # what is known is not read again
    assert mine().train_size == 3


def test_an_adopted_task_that_cannot_be_read_any_more_says_why_until_it_can(adopted, monkeypatch):
    adopted.write_text("text,label\na,x\nb\n")
    assert (mine().train_size, mine().counts) == (0, ())
    assert "a.csv:3" in mine().notes[0]
    assert str(adopted.parent) not in mine().notes[0]
    adopted.write_text("text,label\na,x\nb,y\n")
    assert (mine().train_size, mine().texts is None) == (2, False)


def test_a_machine_that_is_busy_for_a_moment_leaves_no_trace(adopted, monkeypatch):
    adopted.write_text("text,label\na,x\nb,y\nc,y\n")

    def busy(*_, **__):
        raise InputError("other files are being read at the moment, try again in a minute", path=adopted)

    with monkeypatch.context() as at_the_moment:
        at_the_moment.setattr(kept_drafts, "read_in_child", busy)
        assert "try again" in mine().notes[0]
    assert mine().train_size == 3


def test_notes_on_an_upload_outlive_a_copy_of_its_files(csv):
    draft = add(csv)
    file = drafts.Path(draft.config.train[0])
    content = file.read_bytes()
    file.unlink()
    file.write_bytes(content)
    assert kept_drafts.known("ann", settings())[-1] == draft
    assert any("held out" in note for note in draft.notes)
