"""Suspect labels of a run's data, with one-click correction and training on the corrected data."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.reading import read_in_child
from demo.serving.visitor import current
from demo.tabs.panels import Panel, build_panel, panel_class
from demo.tabs.shared import QUICK, Shared, message_place, reporting
from demo.training.corrected_data import corrected_recipe
from demo.training.corrections import Corrections
from demo.training.suspects import SuspectList, accept, find, labelled_tasks, undecided
from demo.views import message
from demo.views.training.suspects import PRESSES, suspect_table
from mtl.errors import InputError, MtlError
from mtl.recipe import load
from mtl.runs import RunFolder

_PANEL = "suspects"


@dataclass(frozen=True)
class Suspects:
    """The components of the section."""

    fold: gr.Accordion
    task: gr.Dropdown
    go: gr.Button
    again: gr.Button
    problem: gr.HTML
    line: gr.HTML
    result: gr.HTML
    found: gr.State
    panel: Panel

    @property
    def clearing(self) -> list[Any]:
        """The components that `empty_suspects` empties."""
        return [self.panel.shown, self.problem, self.line, self.result, self.found]


def build_suspects() -> Suspects:
    """Build the section."""
    fold = gr.Accordion("Suspect labels", open=False, elem_classes="ph-fold", elem_id="ph-suspects-fold")
    # A closed accordion shows all its direct children when it opens, hidden ones too.
    with fold, gr.Column():
        with gr.Row(elem_classes="ph-action"):
            task = gr.Dropdown([], label="Task", elem_id="ph-suspects-task", min_width=200)
            go = gr.Button("Find suspect labels", variant="primary", size="md", elem_id="ph-suspects-go")
            again = gr.Button("Train again on corrected data", size="md", elem_id="ph-suspects-train")
        problem = message_place("ph-suspects-problem")
        line = gr.HTML("", elem_id="ph-suspects-line")
        result = gr.HTML(
            suspect_table(None), elem_id="ph-suspects-table", elem_classes=panel_class(_PANEL), js_on_load=PRESSES
        )
        found = gr.State(None)
        panel = build_panel(_PANEL, [task])
    return Suspects(fold, task, go, again, problem, line, result, found, panel)


def empty_suspects() -> tuple[Any, ...]:
    """Empty results, for another run."""
    return "", "", "", suspect_table(None), None


def task_choice(folder: RunFolder) -> gr.Dropdown:
    """The tasks of a run that have labels, with the first one selected."""
    try:
        names = labelled_tasks(load(folder.recipe))
    except MtlError:  # its data may be missing by now
        names = []
    return gr.Dropdown(choices=names, value=next(iter(names), None))


def wire_suspects(shared: Shared, widgets: Suspects, opened: gr.State) -> Any:  # noqa: ANN401
    """Connect the buttons.

    Returns:
        The event after which the table of runs has to be updated.
    """
    widgets.go.click(
        **widgets.panel.event(
            partial(_find, shared),
            [shared.owner, opened, widgets.task],
            [widgets.result, widgets.found, widgets.line],
            problem=widgets.problem,
        ),
        trigger_mode="multiple",
        concurrency_id="measuring",
        show_progress="minimal",
        show_progress_on=widgets.problem,
        api_visibility="private",
    )

    # Gradio finds the event data by the annotation of a plain function.
    def accepted(found: SuspectList | None, owner: str, event: gr.EventData) -> tuple[Any, ...]:
        return decide(shared, found, owner, event._data.get("suspect"), accepts=True)

    def dismissed(found: SuspectList | None, owner: str, event: gr.EventData) -> tuple[Any, ...]:
        return decide(shared, found, owner, event._data.get("suspect"), accepts=False)

    filled = [widgets.result, widgets.found, widgets.line]
    widgets.result.accept(accepted, [widgets.found, shared.owner], filled, **QUICK)
    widgets.result.dismiss(dismissed, [widgets.found, shared.owner], filled, **QUICK)
    return widgets.again.click(
        reporting(partial(train_again, shared), outputs=2),
        [shared.owner, opened],
        [widgets.problem, widgets.line, shared.watched],
        show_progress="minimal",
        show_progress_on=widgets.problem,
        api_visibility="private",
    )


def _find(shared: Shared, owner: str, run_id: str, task: str | None) -> tuple[Any, ...]:
    found = find(shared.runs.get(run_id, owner), run_id, task, shared.settings)
    found = undecided(found, Corrections(owner, shared.settings))
    return suspect_table(found), found, ""


def decide(shared: Shared, found: SuspectList | None, owner: str, key: object, *, accepts: bool) -> tuple[Any, ...]:
    """Accept a suggestion as a correction, or dismiss it; the suspect leaves the list."""
    one = next((one for one in found.suspects if one.key == key), None) if found else None
    if found is None or one is None:  # a second click on the same button
        return gr.skip(), gr.skip(), gr.skip()
    corrections = Corrections(owner, shared.settings)
    if accepts:
        accept(one, found.task, corrections)
    rest = undecided(found.without(one), corrections)  # what clicks beside this one have accepted too
    line = message.note(f"Corrections saved for {found.task}: {len(corrections.of(found.task))}.")
    return suspect_table(rest), rest, line


def train_again(shared: Shared, owner: str, run_id: str) -> tuple[Any, ...]:
    """Start the run's recipe on its data with every correction in place.

    Raises:
        MtlError: no row is corrected, or the run cannot start.
    """
    if not run_id:
        raise InputError("Open a run first.")
    folder = shared.runs.get(run_id, owner)
    request = folder.path / "request.yaml"
    recipe = load(request if request.is_file() else folder.recipe)
    own = Corrections(owner, shared.settings)
    corrections = {name: own.of(name) for name in recipe.tasks}
    made = read_in_child(corrected_recipe, recipe, corrections, path=folder.recipe, settings=shared.settings)
    started = shared.runs.start(made.recipe, owner=owner, address=current().address)
    rows = "1 corrected row" if made.rows == 1 else f"{made.rows} corrected rows"
    return message.note(f"A new run on {rows} has started; it is in the table of runs and on Train."), started.id
