"""The four steps of the Train tab as one form: every change is read at once and planned a moment later."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.tabs.shared import QUICK, Shared, reporting
from demo.tabs.train import data as data_step
from demo.tabs.train import freezing as freezing_step
from demo.tabs.train import model as model_step
from demo.tabs.train import plan as plan_step
from demo.tabs.train.answers import TITLES, Answers
from demo.training import architecture
from demo.training.planner import Planner

_PLANS_AT_ONCE = 8


@dataclass(frozen=True)
class TrainForm:
    """The fields in the order of `form_values.NAMES`, the button, what the browser remembers, and the answers."""

    fields: list[Any]
    start: gr.Button
    problem: gr.HTML
    kept: gr.BrowserState
    answers: Answers
    refresh_after: Callable[[Any], None]
    """Lets the form be read after the page was opened; it is planned once somebody looks at it."""


@dataclass(frozen=True)
class _Steps:
    folds: list[gr.Accordion]
    data: data_step.DataStep
    model: model_step.ModelStep
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
    """Lay out the steps and wire them; `tab` is the one that they stand in, `kept` what the browser remembers."""
    answers = Answers(shared.settings, Planner(shared.settings), shared.runs)
    steps = _lay_out(shared)
    fields, freezing, plan = steps.fields, steps.freezing, steps.plan
    read_outputs = [
        plan.problem, *steps.folds, steps.data.summary, freezing.picture, freezing.layers, freezing.everything,
        freezing.frozen_heads, *plan.numbers.in_order, plan.recipe, plan.card, kept,
    ]  # fmt: skip
    plan_outputs = [
        plan.problem, steps.folds[0], steps.folds[3], steps.data.warnings, freezing.picture, freezing.advice,
        freezing.take_advice, plan.card,
    ]  # fmt: skip
    read: dict[str, Any] = {
        "fn": reporting(answers.read, outputs=len(read_outputs) - 1),
        "inputs": [shared.owner, *fields],
        "outputs": read_outputs,
        **QUICK,
    }

    # Gradio finds the request by the annotation of a plain function; it does not look into a partial.
    def planned(request: gr.Request, owner: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        return answers.plan(owner, *values, asker=request.session_hash or "")

    def linked(request: gr.Request, owner: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        shown = request.query_params.get("tab") == "train"
        return planned(request, owner, *values) if shown else tuple(gr.skip() for _ in plan_outputs)

    planning: dict[str, Any] = {
        "inputs": [shared.owner, *fields],
        "outputs": plan_outputs,
        "concurrency_limit": _PLANS_AT_ONCE,
        "show_progress": "hidden",
        "api_visibility": "private",
    }

    by_hand = [field.input for field in fields if not isinstance(field, gr.State)]
    gr.on(by_hand, trigger_mode="always_last", **read).then(planned, **planning)
    tab.select(planned, **planning)
    tab.select(answers.backbones, shared.owner, steps.model.backbone, **QUICK)
    loaded = plan.load.upload(
        reporting(answers.load, outputs=len(fields)),
        [shared.owner, plan.load],
        [plan.load_problem, *fields],
        **QUICK,
    )
    changed = (steps.data.added, steps.data.forgotten, loaded, *_freezing_events(shared, steps, answers))
    for event in changed:
        event.then(**read).then(planned, **planning)

    def refresh_after(event: Any) -> None:  # noqa: ANN401
        event.then(**read).then(linked, **planning)

    return TrainForm(fields, plan.start, plan.problem, kept, answers, refresh_after)


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
    with folds[2]:
        freezing = freezing_step.build_freezing_step(known.layers if known else freezing_step.DEEPEST)
    with folds[3]:
        plan = plan_step.build_plan_step(shared.settings)
    return _Steps(folds, data, model, freezing, plan)


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
