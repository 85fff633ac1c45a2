import dataclasses

import pytest

from demo.inputs import drafts, kept_drafts
from demo.inputs.drafts import TaskUpload
from mtl.errors import DataError
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
