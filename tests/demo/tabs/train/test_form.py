"""A plan that takes long, and a form that changes meanwhile."""

import dataclasses
from threading import Event, Thread

import gradio as gr
import pytest

from demo.latest_only import LatestOnly
from demo.runs import RunManager
from demo.tabs.train.answers import Answers
from demo.tabs.train.form import planning, planning_if_wanted, reading
from demo.training.form_values import values_of
from tests.demo.fakes import settings
from tests.demo.tabs.train.test_answers import FORECAST
from tests.demo.training.test_recipe_form import FORM
from tests.waiting import CEILING


class SlowPlanner:
    """Plans forms of one seed at once, and others when it is told to."""

    def __init__(self, quick):
        self.quick, self.asked, self.released = quick, Event(), Event()

    def known(self, recipe):
        return None

    def plan(self, recipe, *, asker, address=""):
        if recipe.seed != self.quick:
            self.asked.set()
            assert self.released.wait(CEILING)
        return dataclasses.replace(FORECAST, warnings=(f"seed {recipe.seed}",))

    def drop(self, *, asker):
        pass


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))


def values(seed, **changes):
    return values_of(dataclasses.replace(FORM, seed=seed, **changes))


@pytest.mark.parametrize("changed", [values(2), values(2, tasks=()), values(2, tasks=("topic",))])
@pytest.mark.parametrize("planned", [False, True])
def test_a_late_plan_of_an_older_form_never_lands_beside_a_newer_one(changed, planned):
    planner, requests, answers = SlowPlanner(quick=2), LatestOnly(), []
    form = Answers(settings(), planner, RunManager(settings()))
    plan = planning(form, asker="ann")
    old = Thread(target=lambda: answers.append(plan(requests, "1|f1", "form 1", "ann", *values(1))))
    old.start()
    assert planner.asked.wait(CEILING)

    read = reading(form)(requests, "ann", *changed)
    warnings, advice, _, card = read[7:11]
    assert warnings == ""
    assert "appears with the plan" in advice
    assert card.count("<dd>…</dd>") == 4
    if planned:
        assert "seed 2" in str(plan(requests, "3|f2", "form 2", "ann", *values(2)))

    planner.released.set()
    old.join()
    assert answers == [(gr.skip(),) * 9]


def test_a_plan_of_the_form_as_it_is_brings_its_fingerprint_and_what_it_found():
    form = Answers(settings(), SlowPlanner(quick=2), RunManager(settings()))
    shown, problem, *_, warnings, advice, _, card = planning(form, asker="ann")(
        LatestOnly(), "1|f2", "form 2", "ann", *values(2)
    )
    assert (shown, problem) == ("f2", "")
    assert "seed 2" in warnings
    assert "Advice: last layers" in advice
    assert 'data-state="measured"' in card


def test_an_old_name_of_a_key_is_noted_by_the_form_and_by_an_upload(tmp_path):
    form = Answers(settings(), SlowPlanner(quick=2), RunManager(settings()))
    typed = form.read("ann", *values(1, more="budget:\n  pass_tokens: 64\n"))
    file = tmp_path / "recipe.yaml"
    file.write_text("tasks:\n  topic: {kind: classification}\nbudget: {pass_tokens: 64}\n")
    for told in (typed[0], form.load("ann", str(file))[0]):
        assert "budget.pass_tokens is now called budget.micro_batch_tokens" in told and "alert" not in told


@pytest.mark.parametrize("was_seen", [False, True])
def test_a_plan_that_the_opening_page_drops_is_made_again_where_somebody_waits_for_it(was_seen):
    """A visitor goes to Train before the page has read what it remembers of the form."""
    planner, requests, dropped = SlowPlanner(quick=2), LatestOnly(), []
    form = Answers(settings(), planner, RunManager(settings()))
    if was_seen:
        plan = planning(form, asker="ann")
        old = Thread(target=lambda: dropped.append(plan(requests, "1|f1", "form 1", "ann", *values(1))))
        old.start()
        assert planner.asked.wait(CEILING)
    reading(form)(requests, "ann", *values(2))
    found = planning_if_wanted(form, asker="ann")(requests, "3|f2", "form 2", "ann", *values(2))
    assert ("seed 2" in str(found)) is was_seen
    assert len(found) == 9
    planner.released.set()
    if was_seen:
        old.join()
        assert dropped == [(gr.skip(),) * 9]
