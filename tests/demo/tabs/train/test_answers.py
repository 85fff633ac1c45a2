import dataclasses

import gradio as gr
import pytest

from demo.runs import RunManager
from demo.tabs.train.answers import Answers
from demo.training.form_values import NAMES, NUMBERS, to_remember, values_of
from demo.training.freezing_choice import Freezing
from demo.training.planner import Forecast
from mtl.errors import RecipeError
from mtl.recipe import Preset
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM

FORECAST = Forecast({"topic head": 5}, 5, 9, {"topic": 9}, 2.0, 1, 0, 1, ("topic: few",), "last_layers", ("why",))


class FakePlanner:
    def __init__(self, forecast=None, error=None):
        self.forecast, self.error = forecast, error
        self.dropped = []

    def known(self, recipe):
        return self.forecast

    def plan(self, recipe, *, asker):
        if self.error:
            raise self.error
        return self.forecast

    def drop(self, *, asker):
        self.dropped.append(asker)


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))


def answers(planner=None, **how):
    return Answers(settings(**how), planner or FakePlanner(), RunManager(settings(**how)))


def values(**changes):
    return values_of(dataclasses.replace(FORM, **changes))


def test_a_form_is_read_into_four_lines_a_picture_and_a_recipe():
    folds = answers().read("ann", *values())[:4]
    lines = [fold["label"] if isinstance(fold, dict) else fold.label for fold in folds]
    assert lines[0].startswith("1  Data   topic 189 texts, 7 labels, 49 for dev · entities 153 sentences, 3 types")
    assert "all-MiniLM-L6-v2 · its own pooling · 22.7 M parameters" in lines[1]
    assert "heads only · 153.2 k of 22.7 M train" in lines[2]
    assert lines[3] == "4  Plan   measuring …"


def test_a_wrong_field_is_an_error_and_no_plan():
    with pytest.raises(RecipeError, match="head_lr"):
        answers().read("ann", *values(head_lr=0))
    assert {type(value).__name__ for value in answers().plan("ann", *values(head_lr=0), asker="a")} == {"dict"}


def test_a_plan_brings_warnings_advice_and_counted_sizes():
    problem, _, plan_line, warnings, picture, advice, take, card = answers(FakePlanner(FORECAST)).plan(
        "ann", *values(), asker="a"
    )
    assert problem == ""
    assert "topic: few" in warnings
    assert "Advice: last layers" in advice
    assert "topic head, 5, trains" in picture
    assert 'data-state="measured"' in card


def test_what_a_plan_says_is_wrong_stands_beside_the_form():
    found = answers(FakePlanner(error=RecipeError("too few"))).plan("ann", *values(), asker="a")
    assert "too few" in found[0]
    assert "no plan of this form" in found[-1]


def test_a_form_that_is_wrong_ends_the_plan_of_the_one_before():
    planner = FakePlanner(FORECAST)
    wrong = [" many" if name == "epochs" else value for name, value in zip(NAMES, values(), strict=True)]
    assert answers(planner).plan("ann", *wrong, asker="a")[0] == gr.skip()
    assert planner.dropped == ["a"]


def test_a_press_and_the_advice_change_the_freezing_alone():
    assert answers().press("ann", values(), "layer:4") == ("last_layers", 3, False, [])
    assert answers(FakePlanner(FORECAST)).take_advice("ann", *values())[:2] == ("last_layers", 2)


def test_the_checkpoint_that_a_form_names_is_in_its_recipe():
    assert answers().recipe("ann", *values(backbone="starter")).backbone.endswith("examples/starter")
    assert answers(share=True).recipe("ann", *values(backbone="starter")).backbone.endswith("examples/starter")


def test_a_form_that_the_browser_kept_fills_the_fields_without_tasks_that_are_gone():
    kept = to_remember(values(tasks=("topic", "gone"), seed=77, freezing=Freezing(Preset.GRADUAL, 4, False)))
    filled = answers().restore("ann", kept)
    assert len(filled) == len(NAMES)
    tasks = filled[0]
    assert (tasks["value"] if isinstance(tasks, dict) else tasks.value) == ["topic"]
    assert filled[NAMES.index("seed")] == 77
    assert filled[NAMES.index("epochs")] == ("" if FORM.epochs is None else f"{FORM.epochs:g}")


def test_a_form_that_nobody_filled_has_empty_numbers_and_shows_what_the_freezing_choice_takes():
    bare = dict(zip(NAMES, answers().restore("ann", None), strict=True))
    assert all(bare[name] == gr.skip() for name in NUMBERS)
    empty: dict[str, None] = dict.fromkeys(NUMBERS)
    told = answers().read("ann", *values(**empty, freezing=Freezing(Preset.FULL)))[9:14]
    recipe = answers().recipe("ann", *values(**empty, freezing=Freezing(Preset.FULL)))
    shown = [field["placeholder"] if isinstance(field, dict) else field.placeholder for field in told]
    budget, optimizer = recipe.budget, recipe.optimizer
    taken = (budget.epochs, budget.batch_tokens, optimizer.backbone_lr, optimizer.head_lr, optimizer.tagging_lr)
    assert shown == [f"{number:g}" for number in taken]
