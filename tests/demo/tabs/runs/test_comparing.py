import dataclasses
from types import SimpleNamespace

import pytest

from demo.runs.recipe_limits import within_limits
from demo.runs.recipe_text import as_yaml
from demo.tabs.runs.detail import Opening
from demo.training.freezing_choice import Freezing
from demo.training.recipe_form import recipe_of
from mtl.comparing import strategies
from mtl.errors import InputError
from mtl.recipe import Preset, dump, load
from mtl.runs import RunFolder
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM, KNOWN

NOTHING = {"epochs": None, "batch_tokens": None, "backbone_lr": None, "head_lr": None}
PRESETS = ["heads_only", "last_layers:2", "full"]


class Comparing(Opening):
    def again(self, owner, run_id):
        return ()


def asked_for(folder: RunFolder, presets=PRESETS, **how):
    """The recipe and presets that Compare strategies hands to the run manager."""
    found = []
    runs = SimpleNamespace(
        get=lambda run_id, owner: folder,
        compare=lambda recipe, presets, owner, address: found.append((recipe, presets)) or folder,
    )
    Comparing(SimpleNamespace(settings=settings(**how), runs=runs), None, None).compare("ann", folder.id, presets)
    return found[0]


@pytest.mark.parametrize("files", [("recipe.yaml",), ("recipe.yaml", "request.yaml"), ("request.yaml",)])
@pytest.mark.parametrize("preset", [Preset.HEADS_ONLY, Preset.FULL, Preset.LORA])
@pytest.mark.parametrize("given", [NOTHING, {**NOTHING, "head_lr": 1e-3}, {**NOTHING, "epochs": 5}, {}])
def test_strategies_are_those_of_what_was_chosen_however_the_run_kept_it(tmp_path, files, preset, given):
    made = recipe_of(dataclasses.replace(FORM, freezing=Freezing(preset), **given), KNOWN, settings())
    folder = RunFolder(tmp_path / "run")
    folder.create()
    for name, write in (("recipe.yaml", dump), ("request.yaml", as_yaml)):
        if name in files:
            (folder.path / name).write_text(write(made))
    request = tmp_path / "comparison.yaml"
    request.write_text(as_yaml(asked_for(folder)[0]))
    found = strategies(load(request), PRESETS, single_task=False)
    assert [s.recipe for s in found] == [s.recipe for s in strategies(made, PRESETS, single_task=False)]


def test_a_shared_page_divides_its_minutes_and_leaves_the_rest_to_the_strategies(tmp_path):
    made = recipe_of(dataclasses.replace(FORM, **NOTHING), KNOWN, settings())
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.recipe.write_text(dump(made))
    asked = within_limits(asked_for(folder, share=True)[0], settings(share=True), presets=len(PRESETS))
    assert asked.budget.max_minutes == pytest.approx(10 / 3)
    assert asked.unset() == made.unset()


def test_each_task_alone_is_a_strategy_for_each(tmp_path):
    made = recipe_of(FORM, KNOWN, settings())
    folder = RunFolder(tmp_path / "run")
    folder.create()
    folder.recipe.write_text(dump(made))
    assert len(made.tasks) > 1
    _, presets = asked_for(folder, ["full", "each_alone"])
    assert presets == ["full", *(f"only:{task}" for task in made.tasks)]
    folder.recipe.write_text(dump(made.model_copy(update={"tasks": dict([next(iter(made.tasks.items()))])})))
    with pytest.raises(InputError, match="A recipe that trains several tasks was expected"):
        asked_for(folder, ["full", "each_alone"])
