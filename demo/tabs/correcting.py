"""Corrections: the stored corrections of a visitor, and retraining of one head on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import gradio as gr

from demo.answers import passes
from demo.answers.cost import need_file
from demo.answers.engines import key_of
from demo.answers.passes import answer_of
from demo.answers.predicted import Predicted
from demo.answers.scoring import typed_spans
from demo.assets import ASSETS
from demo.runs import status_of
from demo.serving.visitor import current
from demo.settings import Training
from demo.tabs.shared import ON_ENGINE, QUICK, Shared, heading, message_place, reporting
from demo.training.corrections import Correction, Corrections
from demo.training.retraining import Head, retraining_recipe
from demo.views import message
from demo.views.answers.kept import kept_list, outcome
from mtl.errors import InputError, MtlError
from mtl.inference.analysis import Analysis
from mtl.recipe import TaskKind
from mtl.runs import RunState
from mtl.user_path import user_path

_SECONDS = 1.0
NO_RUN = ("", "")
"""Instead of a run's id and its task."""
_HOW = {
    TaskKind.CLASSIFICATION: "To correct a prediction, choose another class above, or tick the right labels and save "
    "them. It is saved as a training example.",
    TaskKind.TAGGING: "To correct a text, press Correct beside it. The result is saved as a training example.",
}
_CHANGED = "The model has changed since these texts were predicted. Press {button} to predict them anew."
_BUTTONS = {TaskKind.CLASSIFICATION: "Classify", TaskKind.TAGGING: "Find entities"}
CLICKS = (ASSETS / "editor" / "clicks.js").read_text(encoding="utf-8")
"""Turns clicks on buttons inside a result into the events `correct` and `forget`."""


@dataclass(frozen=True)
class Correcting:
    """The components of the section."""

    kind: TaskKind
    kept: gr.HTML
    task: gr.Dropdown
    retrain: gr.Button
    problem: gr.HTML
    status: gr.HTML
    use: gr.Button
    run: gr.State
    timer: gr.Timer

    @property
    def outputs(self) -> list[Any]:
        """The outputs of `refresh`, in order."""
        return [self.kept, self.task, self.retrain]


def build_corrections(shared: Shared, kind: TaskKind, predicted: gr.State) -> Correcting:
    """Build the section and connect the events that do not depend on the tab."""
    heading("Corrections", _HOW[kind])
    kept = gr.HTML(kept_list({}), js_on_load=CLICKS, elem_id=f"ph-kept-{kind}")
    off = shared.settings.training is Training.OFF
    with gr.Row(elem_classes="ph-action"):
        task = gr.Dropdown([], label="Head", show_label=False, visible=False, min_width=160, container=False)
        retrain = gr.Button("Retrain this head only", size="md", visible=not off, interactive=False)
        use = gr.Button("Use the retrained model", variant="primary", size="md", visible=False)
    problem = message_place()
    status = gr.HTML("", elem_id=f"ph-retrain-{kind}")
    made = Correcting(
        kind, kept, task, retrain, problem, status, use, gr.State(NO_RUN), gr.Timer(_SECONDS, active=False)
    )
    _wire(shared, made, predicted)
    return made


def _wire(shared: Shared, made: Correcting, predicted: gr.State) -> None:

    # Gradio finds the event data by the annotation of a plain function.
    def forget(known: Predicted | None, owner: str, current: str, event: gr.EventData) -> tuple[Any, ...]:
        task, text = event._data.get("task"), event._data.get("text")
        if known is not None and task in known.tasks and isinstance(text, str):
            Corrections(owner, shared.settings).forget(task, text)
        return refresh(shared, made.kind, known, owner, current)

    made.kept.forget(forget, [predicted, shared.owner, made.task], made.outputs, **QUICK)
    made.retrain.click(
        reporting(partial(_retrain, shared, made.kind), outputs=5),
        [predicted, shared.owner, made.task],
        [made.problem, made.run, shared.watched, made.status, made.timer, made.use],
        show_progress="minimal",
        show_progress_on=made.status,
        **ON_ENGINE,
    )
    made.timer.tick(
        reporting(partial(_tick, shared), outputs=4, clears=False),
        [made.run, shared.owner],
        [made.problem, made.status, made.timer, made.use, shared.picker],
        **QUICK,
    )
    made.use.click(partial(_use, shared), [made.run, shared.owner], [shared.picker, made.use], **QUICK)


def refreshing(shared: Shared, made: Correcting, predicted: gr.State) -> dict[str, Any]:
    """The event that updates the list of corrections."""
    return {
        "fn": partial(refresh, shared, made.kind),
        "inputs": [predicted, shared.owner, made.task],
        "outputs": made.outputs,
        **QUICK,
    }


def refresh(
    shared: Shared, kind: TaskKind, predicted: Predicted | None, owner: str, current: str | None
) -> tuple[Any, ...]:
    """The stored corrections of the model's heads, the heads with corrections, and whether retraining is possible."""
    if predicted is None:
        return kept_list({}), gr.skip(), gr.skip()
    kept = _kept(shared, kind, predicted, owner)
    heads = [task for task, corrections in kept.items() if corrections]
    chosen = current if current in heads else next(iter(heads), None)
    dropdown = gr.Dropdown(choices=heads, value=chosen, visible=len(heads) > 1)
    return kept_list(kept), dropdown, gr.Button(_title(chosen), interactive=bool(heads))


def keep_correction(shared: Shared, owner: str, task: str, correction: Correction) -> None:
    """Store a correction of the visitor."""
    Corrections(owner, shared.settings).keep(task, correction)


def _title(task: str | None) -> str:
    return f"Retrain {task} only" if task else "Retrain this head only"


def _kept(shared: Shared, kind: TaskKind, predicted: Predicted, owner: str) -> Mapping[str, tuple[Correction, ...]]:
    own = Corrections(owner, shared.settings)
    return {task: own.of(task) for task in passes.names_of(predicted.tasks, kind)}


def _retrain(
    shared: Shared, kind: TaskKind, predicted: Predicted | None, owner: str, task: str | None
) -> tuple[Any, ...]:
    if predicted is None or task is None or task not in predicted.tasks:
        raise InputError("There are no corrections to train on. Correct at least one text first.")
    corrections = Corrections(owner, shared.settings).of(task)
    with shared.engines.same_model(predicted, owner, otherwise=_CHANGED.format(button=_BUTTONS[kind])):
        checkpoint = _folder(shared.engines.location(predicted.key, owner))
        model = shared.engines.get(predicted.key, owner)
        recipe = retraining_recipe(Head(task, kind, checkpoint), model, corrections, shared.settings)
    folder = shared.runs.start(recipe, owner=owner, address=current().address)
    line = message.note(f"Training only {task} on {len(corrections)} corrections …")
    return (folder.id, task), folder.id, line, gr.Timer(active=True), gr.Button(visible=False)


def _folder(location: str) -> Path:
    from mtl.backbones import find_backbone

    path = user_path(location)
    return path if path.is_dir() else find_backbone(location).folder


def _tick(shared: Shared, run: tuple[str, str], owner: str) -> tuple[Any, ...]:
    run_id, task = run
    if not run_id:
        return gr.skip(), gr.Timer(active=False), gr.skip(), gr.skip()
    folder = shared.runs.get(run_id, owner)
    status = status_of(folder)
    if not status.state.has_ended:
        steps = f"step {status.step} of at most {status.total_steps}" if status.total_steps else "loading"
        return message.note(f"Training only {task}: {steps}"), gr.skip(), gr.skip(), gr.skip()
    stopped = gr.Timer(active=False)
    if status.state not in (RunState.FINISHED, RunState.STOPPED):
        return message.problem(f"The run failed: {status.message}"), stopped, gr.skip(), gr.skip()
    choices = gr.Dropdown(choices=shared.engines.choices(owner))
    try:
        line = outcome(task, *_right(shared, run_id, owner, task))
    except MtlError as error:
        return message.problem(error), stopped, gr.skip(), choices
    return message.note(line), stopped, gr.Button(visible=True), choices


def _right(shared: Shared, run_id: str, owner: str, task: str) -> tuple[int, int]:
    """The number of corrected texts that the new model predicts correctly, and the number of corrected texts."""
    corrections = Corrections(owner, shared.settings).of(task)
    model, texts = shared.engines.get(key_of(run_id), owner), [correction.text for correction in corrections]
    need_file(model, texts, shared.settings)
    found = model.analyze(texts)
    right = sum(_agrees(analysis, task, one) for analysis, one in zip(found, corrections, strict=True))
    return right, len(corrections)


def _agrees(analysis: Analysis, task: str, correction: Correction) -> bool:
    if correction.labels is not None:
        return set(answer_of(analysis, task)) == set(correction.labels)
    if correction.label is not None:
        return answer_of(analysis, task) == (correction.label,)
    return typed_spans(analysis.entities[task]) == correction.spans


def _use(shared: Shared, run: tuple[str, str], owner: str) -> tuple[gr.Dropdown, gr.Button]:
    return gr.Dropdown(choices=shared.engines.choices(owner), value=key_of(run[0])), gr.Button(visible=False)
