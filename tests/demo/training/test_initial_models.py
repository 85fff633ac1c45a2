import dataclasses

import pytest

from demo.runs import RunManager
from demo.runs.recipe_text import without_folders
from demo.runs.visitors import hashed_visitor, write_visitor
from demo.training.initial_models import CheckpointChoice, initial_models, keyed, resolved
from demo.training.recipe_form import recipe_of
from mtl.errors import RecipeError
from mtl.recipe import portable
from mtl.runs import RunFolder, RunState, Status, runs_root
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM, KNOWN


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    folder = RunFolder(runs_root() / "20260101-000000-topic-aabbccdd")
    folder.create()
    folder.write_status(Status(RunState.FINISHED, 1, 0.0, 0.0, 0.0))
    folder.best.mkdir()
    (folder.best / "config.json").write_text('{"format": "polyhead-1", "backbone": {"name": "x/y"}}')
    write_visitor(folder, hashed_visitor("ann"))
    return folder


def found(owner, **how):
    return initial_models(RunManager(settings(**how)), owner)


def test_the_starter_and_own_runs_can_be_begun_from(run):
    assert [model.key for model in found("ann", share=True)] == ["starter", f"run:{run.id}"]
    assert [model.key for model in found("ben", share=True)] == ["starter"]


def test_a_key_becomes_a_folder_and_again_a_key(run):
    form = dataclasses.replace(FORM, backbone=f"run:{run.id}")
    known = found("ann")
    assert resolved(form, known).backbone == str(run.best)
    assert keyed(resolved(form, known), known) == form
    assert resolved(FORM, known) == FORM


def test_a_capped_page_begins_from_known_checkpoints_and_no_other_folder(run):
    capped, form = settings(share=True), dataclasses.replace(FORM, backbone=str(run.best))
    made = recipe_of(form, KNOWN, capped, checkpoints=[str(run.best)])
    assert made.backbone == str(run.best)
    assert without_folders(made).backbone == f"{run.id}/best"
    with pytest.raises(RecipeError, match="One of the backbones"):
        recipe_of(form, KNOWN, capped)


def test_an_initial_model_that_is_gone_is_left_as_it_was_named():
    assert (
        resolved(dataclasses.replace(FORM, backbone="run:gone"), (CheckpointChoice("a", "b", "c"),)).backbone
        == "run:gone"
    )


@pytest.mark.parametrize("key", ["starter", "own"])
@pytest.mark.parametrize("is_portable", [True, False])
def test_a_checkpoint_is_known_again_by_what_recipes_without_paths_call_it(run, key, is_portable):
    known = found("ann", share=True)
    form = dataclasses.replace(FORM, backbone="starter" if key == "starter" else f"run:{run.id}")
    made = recipe_of(resolved(form, known), KNOWN, settings(share=True), checkpoints=[one.folder for one in known])
    name = portable(made)["backbone"] if is_portable else without_folders(made).backbone
    assert keyed(dataclasses.replace(form, backbone=name), known) == form


def test_data_of_the_hub_keep_their_name():
    made = recipe_of(FORM, KNOWN, settings())
    task = made.tasks["topic"].model_copy(update={"train": ("hf:owner/name", "/home/ann/topic.csv")})
    made = made.model_copy(update={"tasks": {"topic": task}})
    assert without_folders(made).tasks["topic"].train == ("hf:owner/name", "topic.csv")
