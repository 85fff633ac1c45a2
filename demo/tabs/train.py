"""The Train tab: a form that starts a run, or a monitor that watches one."""

from functools import partial
from typing import Any

import gradio as gr

from demo.drafts import Draft
from demo.engines import key_of
from demo.recipe_form import recipe_of
from demo.settings import Training
from demo.tabs import train_data, train_form, train_monitor
from demo.tabs.shared import Shared, reporting
from demo.tabs.train_monitor import Monitor
from demo.views import message

NEW = "new"
_OFF = "Training is switched off on this page. Start the app on your own machine to train."


def build(shared: Shared) -> gr.Dropdown | None:
    """Lay out the tab and wire it.

    Returns:
        The choice of the run that is shown, or None where training is off.
    """
    if shared.settings.training is Training.OFF:
        gr.HTML(message.empty(_OFF))
        return None
    selector = gr.Dropdown([("New run", NEW)], value=NEW, label="Run", elem_id="ph-run-picker", elem_classes="ph-short")
    with gr.Column(visible=True) as form_place:
        data = train_data.build(shared)
        form = train_form.build(shared, data)
    with gr.Column(visible=False) as monitor_place:
        monitor = train_monitor.build()

    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    form.start.click(
        reporting(partial(_start, shared), outputs=2),
        [shared.owner, *form.fields],
        [form.problem, selector, shared.watched],
        concurrency_limit=1,
        show_progress="minimal",
        show_progress_on=form.problem,
        api_visibility="private",
    )
    # Only a choice made by hand is remembered: `change` also fires while the page loads, with the value it began with.
    selector.input(str, selector, shared.watched, **quick)
    selector.change(_open, selector, [form_place, monitor_place], **quick).then(
        reporting(partial(_show, shared), outputs=len(monitor.outputs)),
        [selector, shared.owner],
        [monitor.problem, *monitor.outputs],
        **quick,
    )
    _wire_monitor(shared, monitor, quick)
    return selector


def choices(shared: Shared, owner: str) -> list[tuple[str, str]]:
    """The runs of an owner, newest first, after the offer of a new one."""
    return [("New run", NEW), *((run.title, run.id) for run in shared.runs.runs(owner))]


def _wire_monitor(shared: Shared, monitor: Monitor, quick: dict[str, Any]) -> None:
    # The run is the one that the browser remembers, not the selector's: a server that was restarted while the
    # page stayed open knows no choices of that selector and would refuse them.
    monitor.timer.tick(
        reporting(partial(_tick, shared), outputs=len(monitor.outputs) + 1),
        [shared.watched, shared.owner, monitor.seen],
        [monitor.problem, *monitor.outputs, shared.picker],
        **quick,
    )
    monitor.stop.click(
        reporting(partial(_stop, shared), outputs=1),
        [shared.watched, shared.owner],
        [monitor.problem, monitor.stop],
        **quick,
    )
    monitor.use.click(partial(_use, shared), [shared.watched, shared.owner], shared.picker, **quick)


def _start(shared: Shared, owner: str, known: tuple[Draft, ...], ticked: list[str], *values: Any) -> tuple[Any, str]:  # noqa: ANN401
    recipe = recipe_of(train_form.form_of(ticked, *values), known, shared.settings)
    folder = shared.runs.start(recipe, owner=owner)
    return gr.Dropdown(choices=choices(shared, owner), value=folder.id), folder.id


def _open(run_id: str) -> tuple[gr.Column, gr.Column]:
    return gr.Column(visible=run_id == NEW), gr.Column(visible=run_id != NEW)


def _show(shared: Shared, run_id: str, owner: str) -> tuple[Any, ...]:
    if run_id == NEW:
        return (*(gr.skip() for _ in range(8)), gr.Timer(active=False))
    return train_monitor.show(shared.runs, run_id, owner, "")


def _tick(shared: Shared, run_id: str, owner: str, seen: str) -> tuple[Any, ...]:
    if run_id == NEW:
        return (*(gr.skip() for _ in range(8)), gr.Timer(active=False), gr.skip())
    shown = train_monitor.show(shared.runs, run_id, owner, seen)
    ended = not shared.runs.get(run_id, owner).read_status().state.is_live
    return (*shown, gr.Dropdown(choices=shared.engines.choices(owner)) if ended else gr.skip())


def _stop(shared: Shared, run_id: str, owner: str) -> tuple[gr.Button]:
    shared.runs.stop(run_id, owner)
    return (gr.Button(interactive=False),)


def _use(shared: Shared, run_id: str, owner: str) -> gr.Dropdown:
    return gr.Dropdown(choices=shared.engines.choices(owner), value=key_of(run_id))
