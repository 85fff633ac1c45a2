"""The Train tab: a form that starts a run, or a monitor that watches one."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.answers.engines import key_of
from demo.runs.watching import Watcher
from demo.serving.visitor import current
from demo.settings import Training
from demo.tabs.shared import QUICK, UNCHANGED, Handler, Shared, latest, reporting
from demo.tabs.train import form as form_part
from demo.tabs.train import monitor as monitoring
from demo.tabs.train.form import TrainForm
from demo.tabs.train.monitor import Monitor
from demo.views import message
from mtl.errors import MtlError

NEW = "new"
SAVE_FILE = (
    "(file) => { if (!file || !file.url) return; const link = document.createElement('a'); link.href = file.url;"
    " link.download = file.orig_name || ''; document.body.append(link); link.click(); link.remove(); }"
)
"""Saves the file that a handler has packed, so that one click starts a download."""
_RESTORING = "ph-restoring"
_OFF = "Training is switched off on this page. To train, start the app on your own machine."


@dataclass(frozen=True)
class TrainTab:
    """The components that the page and the Runs tab connect: the choice of the run, the form and the monitor.

    The form takes nothing before `ready`, or what an opened page restores would replace it.
    """

    selector: gr.Dropdown
    place: gr.Column
    form: TrainForm
    monitor: Monitor


def build_train_tab(shared: Shared, tab: gr.Tab, kept: gr.BrowserState) -> TrainTab | None:
    """Build the tab and connect its events; None if training is off.

    Args:
        shared: the services of the page.
        tab: the tab to fill.
        kept: the state of the form in the browser.
    """
    if shared.settings.training is Training.OFF:
        gr.HTML(message.empty(_OFF))
        return None
    selector = gr.Dropdown([("New run", NEW)], value=NEW, label="Run", elem_id="ph-run-picker", elem_classes="ph-short")
    with gr.Column(visible=True, elem_classes=_RESTORING) as form_place:
        form = form_part.build_form(shared, tab, kept)
    with gr.Column(visible=False) as monitor_place:
        monitor = monitoring.build_monitor()
    watcher = Watcher()
    form.start.click(
        reporting(partial(_start, shared, form), outputs=2),
        [shared.owner, *form.fields],
        [form.problem, selector, shared.watched],
        concurrency_limit=1,
        show_progress="minimal",
        show_progress_on=form.problem,
        api_visibility="private",
    )
    # Only a choice of the visitor is stored: `change` also fires while the page loads, with the initial value.
    selector.input(None, selector, shared.watched, js=UNCHANGED)
    selector.change(_open, selector, [form_place, monitor_place], **QUICK).then(
        _latest(partial(_show, shared, watcher), monitor),
        [monitor.requests, selector, shared.owner, monitor.metric],
        [monitor.problem, *monitor.outputs],
        **QUICK,
    )
    _wire_monitor(shared, monitor, watcher)
    return TrainTab(selector, form_place, form, monitor)


def run_choices(shared: Shared, owner: str) -> list[tuple[str, str]]:
    """The choice of a new run, and the runs of an owner, newest first."""
    runs = [run for run in shared.runs.runs(owner) if not run.is_comparison]
    return [("New run", NEW), *((run.title, run.id) for run in runs)]


def reattach(shared: Shared, tab: TrainTab) -> Any:  # noqa: ANN401
    """Fill a page that has just been opened: the run in its address or browser, and the form as it was left.

    Returns:
        A handler of the owner's token, the remembered run and the remembered form; its outputs are the choice, the
        remembered run and the form's fields.
    """

    # Gradio finds the request by the annotation of a plain function; it does not inspect a partial.
    def restored(owner: str, remembered: str, form: Any, request: gr.Request) -> tuple[Any, ...]:  # noqa: ANN401
        offered = run_choices(shared, owner)
        asked = request.query_params.get("run") or remembered
        shown = asked if asked in [run for _, run in offered] else NEW
        return (gr.Dropdown(choices=offered, value=shown), shown, *tab.form.answers.restore(owner, form))

    return restored


def ready() -> gr.Column:
    """The place of the form, once the page has restored what this browser remembers."""
    return gr.Column(elem_classes=[])


def _wire_monitor(shared: Shared, monitor: Monitor, watcher: Watcher) -> None:
    # The run comes from the browser, not from the selector: a server that was restarted while the page was open
    # does not know the choices of that selector and would refuse them.
    ticked = len(monitor.outputs) + 1
    tick = reporting(partial(_tick, shared, watcher), outputs=ticked, clears=False)
    monitor.timer.tick(
        latest(tick, outputs=1 + ticked, begins=False),
        [monitor.requests, shared.watched, shared.owner, monitor.metric, monitor.seen],
        [monitor.problem, *monitor.outputs, shared.picker],
        **QUICK,
    )
    look_again: dict[str, Any] = {
        "fn": _latest(partial(_show, shared, watcher), monitor),
        "inputs": [monitor.requests, shared.watched, shared.owner, monitor.metric],
        "outputs": [monitor.problem, *monitor.outputs],
        **QUICK,
    }
    monitor.metric.input(**look_again)
    buttons, who = monitor.buttons, [shared.watched, shared.owner]
    buttons.stop.click(reporting(partial(_stop, shared), outputs=1), who, [monitor.problem, buttons.stop], **QUICK)
    buttons.resume.click(
        _latest(partial(_resume, shared, watcher), monitor),
        look_again["inputs"],
        look_again["outputs"],
        **QUICK,
    )
    buttons.use.click(partial(_use, shared), who, shared.picker, **QUICK)
    packed = buttons.download.click(
        partial(_download, shared),
        who,
        [monitor.problem, buttons.file],
        show_progress="minimal",
        show_progress_on=monitor.problem,
        api_visibility="private",
    )
    packed.success(None, buttons.file, None, js=SAVE_FILE)


def _latest(handler: Handler, monitor: Monitor) -> Callable[..., Any]:
    count = len(monitor.outputs)
    return latest(reporting(handler, outputs=count), outputs=1 + count)


def _start(shared: Shared, form: TrainForm, owner: str, *values: Any) -> tuple[Any, str]:  # noqa: ANN401
    recipe = form.answers.recipe(owner, *values)
    folder = shared.runs.start(recipe, owner=owner, address=current().address)
    return gr.Dropdown(choices=run_choices(shared, owner), value=folder.id), folder.id


def _open(run_id: str) -> tuple[gr.Column, gr.Column]:
    return gr.Column(visible=run_id == NEW), gr.Column(visible=run_id != NEW)


def _show(shared: Shared, watcher: Watcher, run_id: str, owner: str, metric: str) -> tuple[Any, ...]:
    if run_id == NEW:
        return (*monitoring.stay(), gr.Timer(active=False))
    return monitoring.show(shared.runs, watcher, monitoring.MonitorRequest(run_id, owner, metric))


def _tick(shared: Shared, watcher: Watcher, *values: str) -> tuple[Any, ...]:
    asked = monitoring.MonitorRequest(*values)
    if asked.run_id == NEW:
        return (*monitoring.stay(), gr.Timer(active=False), gr.skip())
    shown = monitoring.show(shared.runs, watcher, asked)
    ended = watcher.look(shared.runs.get(asked.run_id, asked.owner)).status.state.has_ended
    return (*shown, gr.Dropdown(choices=shared.engines.choices(asked.owner)) if ended else gr.skip())


def _stop(shared: Shared, run_id: str, owner: str) -> tuple[gr.Button]:
    shared.runs.stop(run_id, owner)
    return (gr.Button(interactive=False),)


def _resume(shared: Shared, watcher: Watcher, run_id: str, owner: str, metric: str) -> tuple[Any, ...]:
    shared.runs.resume(run_id, owner, address=current().address)
    return _show(shared, watcher, run_id, owner, metric)


def _use(shared: Shared, run_id: str, owner: str) -> gr.Dropdown:
    shared.runs.get(run_id, owner)
    return gr.Dropdown(choices=shared.engines.choices(owner), value=key_of(run_id))


def _download(shared: Shared, run_id: str, owner: str) -> tuple[str, str | None]:
    try:
        return "", str(shared.runs.archive(run_id, owner))
    except MtlError as error:
        return message.problem(error), None
