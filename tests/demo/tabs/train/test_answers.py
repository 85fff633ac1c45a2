import dataclasses
import errno

import gradio as gr
import pytest

from demo.runs import RunManager
from demo.tabs.train.answers import Answers
from demo.training.form_values import NAMES, NUMBERS, to_remember, values_of
from demo.training.freezing_choice import Freezing
from demo.training.planner import Forecast
from mtl.errors import RecipeError
from mtl.recipe import DEFAULT_BACKBONE, Preset
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM

FORECAST = Forecast({"topic head": 5}, 5, 9, {"topic": 9}, 2.0, 1, 0, 1, ("topic: few",), "last_layers", ("why",))


class FakePlanner:
    def __init__(self, forecast=None, error=None):
        self.forecast, self.error = forecast, error
        self.dropped = []

    def known(self, recipe):
        return self.forecast

    def plan(self, recipe, *, asker, address=""):
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


def shown(value, name):
    return value[name] if isinstance(value, dict) else getattr(value, name)


def read(some, **changes):
    """What the form says, by the name of each output."""
    found = some.read("ann", *values(**changes))
    names = ["problem", "data", "model", "freezing", "plan", "summary", "picture", "warnings", "advice", "take", "card"]
    return dict(zip(names, found, strict=False))


def test_a_form_is_read_into_four_lines_a_picture_and_a_recipe():
    found = read(answers())
    lines = [shown(found[name], "label") for name in ("data", "model", "freezing", "plan")]
    assert found["problem"] == ""
    assert lines[0].startswith("1  Data   topic 189 texts, 7 labels, 49 for dev · entities 153 sentences, 3 types")
    assert "all-MiniLM-L6-v2 · default pooling · 22.7 M parameters" in lines[1]
    assert "heads only · 153.2 k of 22.7 M train" in lines[2]
    assert lines[3] == "4  Plan   measuring …"


@pytest.mark.parametrize(
    "wrong", [{"head_lr": 0}, {"tasks": ()}, {"freezing": Freezing(Preset.LAST_LAYERS, 40)}, {"more": "seed: 2"}]
)
def test_a_wrong_field_is_named_and_no_earlier_plan_stays(wrong):
    found = read(answers(FakePlanner(FORECAST)), **wrong)
    assert "ph-problem" in found["problem"]
    assert shown(found["plan"], "label").endswith("no plan")
    assert found["warnings"] == ""
    assert "appears with the plan" in found["advice"]
    assert not shown(found["take"], "interactive")
    assert "There is no plan" in found["card"]
    assert set(map(str, answers().plan("ann", *values(**wrong), asker="a"))) == {str(gr.skip())}


def test_a_form_without_a_known_plan_clears_warnings_advice_and_figures_of_the_form_before():
    found = read(answers())
    assert found["warnings"] == ""
    assert "appears with the plan" in found["advice"]
    assert not shown(found["take"], "interactive")
    assert found["card"].count("<dd>…</dd>") == 4


def test_a_known_plan_is_shown_at_once():
    found = read(answers(FakePlanner(FORECAST)))
    assert "topic: few" in found["warnings"]
    assert "Advice: last layers" in found["advice"]
    assert 'data-state="measured"' in found["card"]


def test_a_plan_brings_warnings_advice_and_counted_sizes():
    problem, _, plan_line, picture, warnings, advice, take, card = answers(FakePlanner(FORECAST)).plan(
        "ann", *values(), asker="a"
    )
    assert problem == ""
    assert "9 steps" in shown(plan_line, "label")
    assert "topic: few" in warnings
    assert "Advice: last layers" in advice
    assert "topic head, 5, trains" in picture
    assert 'data-state="measured"' in card


def test_what_a_plan_says_is_wrong_stands_beside_the_form():
    found = answers(FakePlanner(error=RecipeError("too few"))).plan("ann", *values(), asker="a")
    assert "too few" in found[0]
    assert "There is no plan" in found[-1]


def test_a_full_disk_stands_beside_the_form_too():
    found = answers(FakePlanner(error=OSError(errno.ENOSPC, "No space left"))).plan("ann", *values(), asker="a")
    assert "The disk of this server is full" in found[0]
    assert "There is no plan" in found[-1]


def test_a_form_that_is_wrong_ends_the_plan_of_the_one_before():
    planner = FakePlanner(FORECAST)
    wrong = [" many" if name == "epochs" else value for name, value in zip(NAMES, values(), strict=True)]
    assert answers(planner).plan("ann", *wrong, asker="a")[0] == gr.skip()
    assert planner.dropped == ["a"]


def test_a_press_and_the_advice_change_the_freezing_alone():
    assert answers().press("ann", values(), "layer:4") == ("last_layers", 3, False, [])
    assert answers(FakePlanner(FORECAST)).take_advice("ann", *values())[:2] == ("last_layers", 2)


def test_the_checkpoint_that_a_form_names_is_in_its_recipe():
    assert answers().recipe("ann", *values(backbone="starter")).backbone.endswith("mtl/starter")
    assert answers(share=True).recipe("ann", *values(backbone="starter")).backbone.endswith("mtl/starter")


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
    told = answers().read("ann", *values(**empty, freezing=Freezing(Preset.FULL)))[14:19]
    recipe = answers().recipe("ann", *values(**empty, freezing=Freezing(Preset.FULL)))
    shown = [field["placeholder"] if isinstance(field, dict) else field.placeholder for field in told]
    budget, optimizer = recipe.budget, recipe.optimizer
    taken = (budget.epochs, budget.batch_tokens, optimizer.backbone_lr, optimizer.head_lr, optimizer.tagging_lr)
    assert shown == [f"{number:g}" for number in taken]


def test_the_model_step_has_the_facts_of_the_backbone_and_advice_for_the_data():
    facts, advice = answers().read("ann", *values())[-2:]
    assert "22.6 M parameters" in facts
    assert advice.count("<li>") == 3
    facts, advice = answers().read("ann", *values(backbone="owner/unknown", tasks=()))[-2:]
    assert "Not in the catalogue" in facts
    assert advice == ""
    assert answers().read("ann", *values(backbone="starter"))[-2] == ""


def test_a_page_with_limits_gives_no_advice_that_it_cannot_follow():
    facts, advice = answers(share=True).read("ann", *values())[-2:]
    assert "22.6 M parameters" in facts
    assert advice == ""


def test_a_click_on_a_recommended_backbone_fills_the_field():
    name = "distilbert/distilbert-base-cased"
    assert shown(answers().choose_backbone("ann", name), "value") == name
    assert shown(answers(share=True).choose_backbone("ann", name), "value") != name
    assert shown(answers().choose_backbone("ann", "../../etc"), "value") != "../../etc"


def test_the_catalogue_is_offered_by_name_with_domain_and_size():
    choices = shown(answers().backbones("ann"), "choices")
    assert ("general: FacebookAI/roberta-base (124.1 M)", "FacebookAI/roberta-base") in choices
    capped = shown(answers(training="capped").backbones("ann"), "choices")
    assert [key for _, key in capped if "/" in key] == [DEFAULT_BACKBONE]
