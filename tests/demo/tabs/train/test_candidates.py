"""Try candidates: what is handed to the runs, and what is refused."""

import dataclasses
from types import SimpleNamespace

import pytest

from demo.runs.run_store import presets_of
from demo.runs.turns import arguments_of
from demo.tabs.train import try_candidates
from demo.tabs.train.candidates import ROWS, build_candidates
from demo.training.form_values import values_of
from demo.training.freezing_choice import Freezing
from mtl.errors import MtlError
from mtl.recipe import DEFAULT_BACKBONE, Preset
from mtl.runs import RunFolder
from tests.demo.fakes import settings
from tests.demo.tabs.train.test_answers import _home, answers  # noqa: F401
from tests.demo.training.test_recipe_form import FORM

OTHER = "BAAI/bge-small-en-v1.5"


def tried(names, form=FORM, **how):
    """What a click hands to the run manager: the recipe and the presets."""
    found = []
    runs = SimpleNamespace(
        compare=lambda recipe, presets, owner, address: (
            found.append((recipe, presets)) or SimpleNamespace(id="compare-1")
        )
    )
    shared = SimpleNamespace(runs=runs)
    assert try_candidates(shared, answers(**how), "ann", names, *values_of(form)) == ("compare-1",)
    return found[0]


@pytest.mark.parametrize("preset", [Preset.HEADS_ONLY, Preset.FULL, Preset.LAST_LAYERS])
def test_candidates_are_linear_probes_whatever_the_form_freezes(preset):
    form = dataclasses.replace(FORM, freezing=Freezing(preset), pooling="max", epochs=3.0)
    recipe, presets = tried([DEFAULT_BACKBONE, OTHER, OTHER], form)
    assert presets == [f"backbone:{DEFAULT_BACKBONE}", f"backbone:{OTHER}"]
    assert recipe.freezing.preset is Preset.HEADS_ONLY
    assert recipe.pooling is None
    assert {task.max_rows for task in recipe.tasks.values()} == {ROWS}
    assert tuple(recipe.tasks) == form.tasks


@pytest.mark.parametrize(
    ("names", "how", "gist"),
    [
        ([DEFAULT_BACKBONE], {}, "Select at least two candidates."),
        ([], {}, "Select at least two candidates."),
        ([DEFAULT_BACKBONE, f" {DEFAULT_BACKBONE} "], {}, "Select at least two candidates."),
        ([DEFAULT_BACKBONE, "/etc"], {"share": True}, "One of the backbones"),
        ([DEFAULT_BACKBONE, OTHER], {"public": True}, "One of the backbones"),
    ],
)
def test_what_cannot_be_tried_is_refused_before_anything_starts(names, how, gist):
    with pytest.raises(MtlError, match=gist):
        tried(names, **how)


def test_a_wrong_field_is_refused():
    with pytest.raises(MtlError, match="Tick at least one task"):
        tried([DEFAULT_BACKBONE, OTHER], dataclasses.replace(FORM, tasks=()))


def test_names_with_blanks_and_commas_reach_the_command_whole(tmp_path):
    names = ["a, b/model one", "org/two"]
    folder = RunFolder(tmp_path / "runs" / "compare-1")
    folder.create()
    (folder.path / "presets").write_text("\n".join(["full", *(f"backbone:{name}" for name in names), "lora"]))
    assert presets_of(folder) == ("full", "backbone:a, b/model one", "backbone:org/two", "lora")
    command = arguments_of(folder)
    assert command[2:6] == ("--presets", "full,lora", "--backbone=a, b/model one", "--backbone=org/two")


def test_a_page_with_one_backbone_has_nothing_to_try():
    assert build_candidates(settings(public=True)) is None
