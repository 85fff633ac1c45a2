"""The four steps of the Train tab as one form; every change is read at once and planned shortly after."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.tabs.panels import answering, build_panel
from demo.tabs.shared import QUICK, Shared, reporting
from demo.tabs.train import data as data_step
from demo.tabs.train import freezing as freezing_step
from demo.tabs.train import model as model_step
from demo.tabs.train import plan as plan_step
from demo.tabs.train.answers import TITLES, Answers
from demo.tabs.train.candidates import Candidates, build_candidates
from demo.training import architecture
from demo.training.planner import Planner

_PLANS_AT_ONCE = 8
_PLAN_OUTPUTS = 8
"""The number of values that `Answers.plan` returns."""


@dataclass(frozen=True)
class TrainForm:
    """The fields in the order of `form_values.NAMES`, the button, the state in the browser, and the handlers."""

    fields: list[Any]
    start: gr.Button
    problem: gr.HTML
    kept: gr.BrowserState
    answers: Answers
    candidates: Candidates | None
    refresh_after: Callable[[Any], None]
    """Reads the form after an event of the opening page; it is planned when the tab is shown."""


@dataclass(frozen=True)
class _Steps:
    folds: list[gr.Accordion]
    data: data_step.DataStep
    model: model_step.ModelStep
    candidates: Candidates | None
    freezing: freezing_step.FreezingStep
    plan: plan_step.PlanStep

    @property
    def fields(self) -> list[Any]:
        model, freezing, plan = self.model, self.freezing, self.plan
        return [
            self.data.ticked, model.backbone, model.pooling,
            freezing.preset, freezing.layers, freezing.everything, freezing.frozen_heads,
            *plan.numbers.in_order, plan.seed, plan.more,
        ]  # fmt: skip


def build_form(shared: Shared, tab: gr.Tab, kept: gr.BrowserState) -> TrainForm:
    """Build the steps in `tab` and connect their events; `kept` is the state in the browser."""
    answers = Answers(shared.settings, Planner(shared.settings), shared.runs)
    steps = _lay_out(shared)
    fields, freezing, plan = steps.fields, steps.freezing, steps.plan
    # Reading the form drops pending plans of an earlier form.
    form_panel = build_panel("form", None)
    plan_panel = build_panel("plan", after=form_panel)
    planned = [steps.data.warnings, freezing.advice, freezing.take_advice, plan.card]
    read_outputs = [
        plan.problem, *steps.folds, steps.data.summary, freezing.picture, *planned, freezing.layers,
        freezing.everything, freezing.frozen_heads, *plan.numbers.in_order, plan.recipe, kept,
        steps.model.facts, steps.model.advice,
    ]  # fmt: skip
    plan_outputs = [plan.problem, steps.folds[0], steps.folds[3], freezing.picture, *planned]
    read: dict[str, Any] = {
        **form_panel.event(reading(answers), [plan_panel.requests, shared.owner, *fields], read_outputs),
        **QUICK,
    }

    # Gradio finds the request by the annotation of a plain function; it does not inspect a partial.
    def plan_form(request: gr.Request, requests: LatestOnly, *values: Any) -> Any:  # noqa: ANN401
        return planning(answers, asker=request.session_hash or "")(requests, *values)

    def plan_seen(request: gr.Request, requests: LatestOnly, *values: Any) -> Any:  # noqa: ANN401
        requests.is_wanted |= request.query_params.get("tab") == "train"
        return planning_if_wanted(answers, asker=request.session_hash or "")(requests, *values)

    plan_step_event: dict[str, Any] = {
        **plan_panel.event(answers.plan, [shared.owner, *fields], plan_outputs),
        "fn": plan_form,
        "trigger_mode": "multiple",
        "concurrency_limit": _PLANS_AT_ONCE,
        "show_progress": "hidden",
        "api_visibility": "private",
    }

    by_hand = [field.input for field in fields if not isinstance(field, gr.State)]
    gr.on(by_hand, trigger_mode="always_last", **read).then(**plan_step_event)
    tab.select(**plan_step_event)
    tab.select(answers.backbones, shared.owner, steps.model.backbone, **QUICK)
    loaded = plan.load.upload(
        reporting(answers.load, outputs=len(fields), notes=True),
        [shared.owner, plan.load],
        [plan.load_problem, *fields],
        **QUICK,
    )
    by_press = (_backbone_event(shared, steps, answers), *_freezing_events(shared, steps, answers))
    changed = (steps.data.added, steps.data.forgotten, loaded, *by_press)
    for event in changed:
        event.then(**read).then(**plan_step_event)

    def refresh_after(event: Any) -> None:  # noqa: ANN401
        event.then(**read).then(**plan_step_event | {"fn": plan_seen})

    return TrainForm(fields, plan.start, plan.problem, kept, answers, steps.candidates, refresh_after)


def reading(answers: Answers) -> Callable[..., tuple[Any, ...]]:
    """A handler that reads the form; it takes the requests for plans first and drops pending ones."""

    def read(plans: LatestOnly, owner: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        plans.begin()
        return answers.read(owner, *values)

    return read


def planning(answers: Answers, *, asker: str) -> Callable[..., tuple[Any, ...]]:
    """A handler that plans the form; it takes the requests for plans and two fingerprints first."""

    def plan(requests: LatestOnly, sent: str, form: str, *values: Any) -> Any:  # noqa: ANN401
        requests.is_wanted = True
        return answering(partial(answers.plan, asker=asker), outputs=_PLAN_OUTPUTS)(requests, sent, *values)

    return plan


def planning_if_wanted(answers: Answers, *, asker: str) -> Callable[..., tuple[Any, ...]]:
    """As `planning`, after the form was read without the visitor: nothing where Train was not seen yet.

    Who goes to Train while the page still opens has asked for a plan already, which the reading has dropped.
    """

    def plan(requests: LatestOnly, *values: Any) -> Any:  # noqa: ANN401
        if not requests.is_wanted:
            return tuple(gr.skip() for _ in range(1 + _PLAN_OUTPUTS))
        return planning(answers, asker=asker)(requests, *values)

    return plan


def _lay_out(shared: Shared) -> _Steps:
    known = architecture.of(shared.settings.backbones[0])
    folds = [
        gr.Accordion(title, open=number != 2, elem_classes="ph-step", elem_id=f"ph-step-{number}")
        for number, title in enumerate(TITLES, start=1)
    ]
    with folds[0]:
        data = data_step.build_data_step(shared)
    with folds[1]:
        model = model_step.build_model_step(shared.settings)
        candidates = build_candidates(shared.settings)
    with folds[2]:
        freezing = freezing_step.build_freezing_step(known.layers if known else freezing_step.DEEPEST)
    with folds[3]:
        plan = plan_step.build_plan_step(shared.settings)
    return _Steps(folds, data, model, candidates, freezing, plan)


def _backbone_event(shared: Shared, steps: _Steps, answers: Answers) -> Any:  # noqa: ANN401
    def press(event: gr.EventData, owner: str) -> gr.Dropdown:
        return answers.choose_backbone(owner, str(event._data.get("backbone", "")))

    return steps.model.advice.press(press, shared.owner, steps.model.backbone, **QUICK)


def _freezing_events(shared: Shared, steps: _Steps, answers: Answers) -> list[Any]:
    step = steps.freezing
    chosen = [step.preset, step.layers, step.everything, step.frozen_heads]

    def press(event: gr.EventData, owner: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        return answers.press(owner, values, str(event._data.get("block", "")))

    inputs = [shared.owner, *steps.fields]
    return [
        step.picture.press(press, inputs, chosen, **QUICK),
        step.take_advice.click(answers.take_advice, inputs, chosen, **QUICK),
    ]
