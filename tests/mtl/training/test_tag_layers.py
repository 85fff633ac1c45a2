"""What new tagging heads read by default, and the anchor that goes with it."""

import json
from pathlib import Path

import pytest

from mtl.checkpoint import read_config
from mtl.errors import RecipeError
from mtl.recipe import Preset, load
from mtl.recipe.defaults import LAST_LAYER_ANCHOR, MANY_ROWS_ANCHOR
from mtl.runs import RunFolder
from mtl.training import Trainer, run_in_folder, set_up, tag_layers
from tests.mtl.recipes import quick_recipe
from tests.tiers import pairs

FULL = {"preset": "full"}
TASKS = ("topic", "names")


def trainer(backbone: Path, folder: Path, **sections: object) -> Trainer:
    return set_up(quick_recipe(backbone, folder, TASKS, **sections), anchored=False)


def read_by(found: Trainer) -> object:
    return found.loaded.model.tasks["names"].head.layers


@pytest.mark.parametrize("preset", [preset for preset in Preset if preset is not Preset.ONE_HEAD_FROZEN])
def test_only_where_all_layers_train_from_the_start_tags_are_read_below_the_last(
    tiny_bert: Path, tmp_path: Path, preset: Preset
):
    found = trainer(tiny_bert, tmp_path, freezing={"preset": preset.value})
    assert read_by(found) == (2 if preset is Preset.FULL else "last")
    assert (found.recipe.anchor > LAST_LAYER_ANCHOR) is (preset in (Preset.FULL, Preset.LAST_LAYERS))


@pytest.mark.parametrize("layers", ["last", "mix", 1])
def test_what_a_recipe_says_is_read_and_an_anchor_that_it_sets_stays(tiny_bert: Path, tmp_path: Path, layers: object):
    head = {"tasks_names": {"head": {"layers": layers}}, "freezing": FULL}
    found = trainer(tiny_bert, tmp_path, **head)
    assert read_by(found) == layers
    assert found.recipe.anchor == (LAST_LAYER_ANCHOR if layers == "last" else 1)
    assert any("since tags of names are read from the last" in note for note in found.notes()) is (layers == "last")
    assert "anchor" not in found.recipe.model_fields_set
    assert trainer(tiny_bert, tmp_path, **head, anchor=3).recipe.anchor == 3


@pytest.mark.parametrize(
    "freezing", [{"schedule": "probe_first"}, {"preset": "full", "schedule": "gradual"}, {"preset": "gradual"}]
)
def test_where_layers_open_one_after_the_other_the_anchor_is_that_of_the_last(
    tiny_bert: Path, tmp_path: Path, freezing: dict[str, str]
):
    found = trainer(tiny_bert, tmp_path, freezing=freezing)
    assert (read_by(found), found.recipe.anchor) == ("last", LAST_LAYER_ANCHOR)


@pytest.mark.parametrize("layers", ["last", "mix", None])
@pytest.mark.parametrize("more", [-1, 0])
def test_many_rows_have_a_weaker_anchor_where_tags_leave_the_last_layer_free(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layers: str | None, more: int
):
    few = trainer(tiny_bert, tmp_path, freezing=FULL)
    rows = sum(len(task.train) for task in few.task_data.values())
    monkeypatch.setattr(tag_layers, "MANY_ROWS", rows - more)
    head = {} if layers is None else {"tasks_names": {"head": {"layers": layers}}}
    found = trainer(tiny_bert, tmp_path, freezing=FULL, **head)
    assert few.recipe.anchor == 1
    assert found.recipe.anchor == (LAST_LAYER_ANCHOR if layers == "last" else 1 if more else MANY_ROWS_ANCHOR)
    assert "anchor" not in found.recipe.model_fields_set
    assert trainer(tiny_bert, tmp_path, freezing=FULL, **head, anchor=1).recipe.anchor == 1


def test_a_run_that_goes_on_with_fewer_rows_keeps_its_anchor(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(tag_layers, "MANY_ROWS", 1)
    for _ in run_in_folder(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=FULL), tmp_path / "run"):
        pass
    monkeypatch.undo()
    found = load(RunFolder(tmp_path / "run").recipe)
    assert set_up(found, anchored=False, resumed=True).recipe.anchor == found.anchor == MANY_ROWS_ANCHOR


def test_the_last_layer_by_its_number_is_the_last(tiny_bert: Path, tmp_path: Path):
    found = trainer(tiny_bert, tmp_path, freezing=FULL, tasks_names={"head": {"layers": 3}})
    assert found.recipe.anchor == LAST_LAYER_ANCHOR


WRITTEN = {"dropout": 0.1, "activation": "tanh", "decoder": "linear", "layers": "last", "label_smoothing": 0.0}


@pytest.mark.parametrize(("reads", "said"), pairs(["last", "mix", 1], [{}, {"decoder": "linear"}, WRITTEN], every=3))
def test_checkpoints_and_recipes_of_former_versions_go_on(
    tiny_bert: Path, tmp_path: Path, reads: object, said: dict[str, object]
):
    """Both named `layers: last` and `loss: cosent` for every head."""
    head = {"tasks_names": {"head": {"layers": reads}}}
    for _ in run_in_folder(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=FULL, **head), tmp_path / "run"):
        pass
    file = tmp_path / "run" / "last" / "config.json"
    config = json.loads(file.read_text())
    for task in config["tasks"].values():
        task["head"] = {"layers": "last", **task["head"], "loss": "cosent"}
    file.write_text(json.dumps(config))
    more = {"tasks_names": {"head": said}} if said else {}
    assert read_by(trainer(tmp_path / "run" / "last", tmp_path, freezing=FULL, **more)) == reads


def test_a_checkpoint_whose_head_reads_another_layer_is_refused(tiny_bert: Path, tmp_path: Path):
    for _ in run_in_folder(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=FULL), tmp_path / "run"):
        pass
    with pytest.raises(RecipeError, match="tasks.names.head: the checkpoint's head keeps its shape"):
        trainer(tmp_path / "run" / "last", tmp_path, tasks_names={"head": {"layers": 1}})


@pytest.mark.parametrize("layers", ["last", None])
def test_the_recipe_of_a_run_has_the_anchor_that_it_trains_with(tiny_bert: Path, tmp_path: Path, layers: str | None):
    head = {} if layers is None else {"tasks_names": {"head": {"layers": layers}}}
    for _ in run_in_folder(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=FULL, **head), tmp_path / "run"):
        pass
    trained = read_config(tmp_path / "run" / "last").recipe["anchor"]
    found = load(RunFolder(tmp_path / "run").recipe)
    assert found.anchor == trained == (1 if layers is None else LAST_LAYER_ANCHOR)
    assert "anchor" not in found.model_fields_set


@pytest.mark.parametrize(
    ("head", "same"),
    [
        ({"layers": 2}, True),
        ({"decoder": "crf"}, True),
        ({"hidden": [8], "layers": 2}, True),
        ({"layers": "last"}, False),
    ],
)
def test_a_head_may_be_described_in_part(tiny_bert: Path, tmp_path: Path, head: dict[str, object], same: bool):
    whole = {"tasks_names": {"head": {"decoder": "crf", "hidden": [8], "layers": 2}}}
    for _ in run_in_folder(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=FULL, **whole), tmp_path / "run"):
        pass
    more = {"tasks_names": {"head": head}}
    if same:
        assert read_by(trainer(tmp_path / "run" / "last", tmp_path, **more)) == 2
    else:
        with pytest.raises(RecipeError, match="keeps its shape"):
            trainer(tmp_path / "run" / "last", tmp_path, **more)


def test_without_an_anchor_the_last_layer_is_read(tiny_bert: Path, tmp_path: Path):
    assert read_by(trainer(tiny_bert, tmp_path, freezing=FULL, anchor=0)) == "last"


@pytest.mark.parametrize("architecture", ["modernbert", "albert", "distilbert"])
def test_a_backbone_with_a_norm_at_its_end_is_read_there(backbone_folder, tmp_path: Path, architecture: str):
    found = trainer(backbone_folder(architecture), tmp_path, freezing=FULL)
    assert (read_by(found) == "last") is (architecture == "modernbert")


@pytest.mark.parametrize("begun", ["last", None])
def test_a_checkpoint_that_goes_on_keeps_what_its_heads_read(tiny_bert: Path, tmp_path: Path, begun: str | None):
    head = {} if begun is None else {"tasks_names": {"head": {"layers": begun}}}
    for _ in run_in_folder(quick_recipe(tiny_bert, tmp_path, TASKS, freezing=FULL, **head), tmp_path / "run"):
        pass
    found = trainer(tmp_path / "run" / "last", tmp_path, freezing=FULL)
    assert read_by(found) == (begun or 2)
    assert found.recipe.anchor == (1 if begun is None else LAST_LAYER_ANCHOR)
    decoder = {"tasks_names": {"head": {"decoder": "linear"}}}  # says what the head is, but not what it reads
    assert read_by(trainer(tmp_path / "run" / "last", tmp_path, freezing=FULL, **decoder)) == (begun or 2)
