"""What a run is doing, in one card, and what it measured, in one table."""

from collections.abc import Sequence
from html import escape

from demo.views.curves import main_metric
from demo.views.tables import Column, Html, table
from mtl.runs import Evaluated, Event, Failed, Finished, RunState, Saved, Started, Status

_NAMES = {
    RunState.STARTING: "Starting",
    RunState.RUNNING: "Training",
    RunState.FINISHED: "Finished",
    RunState.STOPPED: "Stopped, weights kept",
    RunState.FAILED: "Failed",
    RunState.DIED: "Ended unexpectedly",
}


def run_card(status: Status, events: Sequence[Event], *, stopping: bool = False) -> str:
    """State, progress, time left, best score so far, and the sentence the run ended with."""
    share = status.step / status.total_steps if status.total_steps else 0.0
    state = "Stopping after this step" if stopping and status.state.is_live else _NAMES[status.state]
    started = next((event for event in events if isinstance(event, Started)), None)
    waiting = "loading the model and the data" if status.state.is_live else "no steps"
    facts = [f"step {status.step:,} of {status.total_steps:,}" if status.total_steps else waiting]
    if status.seconds_left is not None:
        facts.append(f"about {duration(status.seconds_left)} left")
    if status.best_score is not None and status.best_step is not None:
        facts.append(f"best {status.best_score:.3f} at step {status.best_step:,}")
    if started:
        facts.append(
            f"{_millions(started.trained_parameters)} of {_millions(started.total_parameters)} parameters train"
        )
    message = _message(status, events)
    return (
        f'<section class="ph-run ph-{status.state}" data-state="{status.state}"><h3>{escape(state)}</h3>'
        f'<div class="ph-progress" role="progressbar" aria-valuenow="{share * 100:.0f}" aria-valuemin="0" '
        f'aria-valuemax="100"><i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="ph-sizes">{escape(" · ".join(facts))}</p>{message}</section>'
    )


def metric_table(events: Sequence[Event]) -> str:
    """Each task before training, at the best checkpoint and at the end."""
    measured = [event for event in events if isinstance(event, Evaluated)]
    if not measured:
        return ""
    best_step = next((e.step for e in reversed(events) if isinstance(e, Saved) and e.name == "best"), measured[-1].step)
    best = next((e for e in reversed(measured) if e.step == best_step), measured[-1])
    rows: list[list[str | float | Html | None]] = []
    for name in sorted(best.metrics):
        if name.count("/") != 2:
            continue
        _, task, metric = name.split("/")
        strong = name == main_metric(best.metrics, task)
        title = Html(f"<strong>{escape(metric)}</strong>") if strong else metric
        rows.append([task, title, measured[0].metrics.get(name), best.metrics[name], measured[-1].metrics.get(name)])
    columns = [
        Column("task"),
        Column("metric"),
        Column("before", number=True),
        Column(f"best (step {best_step:,})", number=True),
        Column(f"last (step {measured[-1].step:,})", number=True),
    ]
    return table(columns, rows, caption="Metrics on dev data")


def duration(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def _message(status: Status, events: Sequence[Event]) -> str:
    ended = next((e.message for e in reversed(events) if isinstance(e, (Finished, Failed))), status.message)
    if not ended or status.state.is_live:
        return ""
    kind = "ph-problem" if status.state in (RunState.FAILED, RunState.DIED) else "ph-note"
    return f'<p class="{kind}">{escape(ended)}</p>'


def _millions(count: int) -> str:
    return f"{count / 1e6:.1f} M" if count >= 1e5 else f"{count:,}"
