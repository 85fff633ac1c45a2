"""The state of a run as a card, and its metrics as a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape

from demo.views.tables import Column, Html, table
from demo.views.training.curves import main_metric_key
from demo.views.training.format import draw_shares, duration, millions
from mtl.recipe import Solver
from mtl.runs import Evaluated, Event, Noticed, RunState, Saved, Started, Status, Step

STATE_NAMES = {
    RunState.QUEUED: "Queued",
    RunState.STARTING: "Starting",
    RunState.RUNNING: "Training",
    RunState.FINISHED: "Finished",
    RunState.STOPPED: "Stopped, weights kept",
    RunState.FAILED: "Failed",
    RunState.DIED: "Ended unexpectedly",
    RunState.UNREADABLE: "Unreadable",
}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The runs before it in the queue, whether it is stopping, its memory in bytes, and the batches of each task."""

    waiting_before: int | None = None
    stopping: bool = False
    memory: int | None = None
    draws: Mapping[str, int] = field(default_factory=dict)


def run_card(status: Status, events: Sequence[Event], around: Surroundings = Surroundings()) -> str:  # noqa: B008
    """State, progress, time left, best score, device, memory, notes, and the final message."""
    share = status.step / status.total_steps if status.total_steps else 0.0
    state = "Stopping after this step" if around.stopping and status.state.is_live else STATE_NAMES[status.state]
    started = next((event for event in events if isinstance(event, Started)), None)
    facts = [f"step {status.step:,} of {status.total_steps:,}" if status.total_steps else _before_steps(status, around)]
    if status.seconds_left is not None:
        about = "at most" if started and started.solver == Solver.LBFGS else "about"  # which ends at the optimum
        facts.append(f"{about} {duration(status.seconds_left)} left")
    if status.best_score is not None and status.best_step is not None:
        facts.append(f"best {status.best_score:.3f} at step {status.best_step:,}")
    notices = (f'<p class="ph-note">{escape(event.message)}</p>' for event in events if isinstance(event, Noticed))
    message = "".join(notices) + _message(status)
    return (
        f'<section class="ph-run ph-{status.state}" data-state="{status.state}"><h2>{escape(state)}</h2>'
        f'<div class="ph-progress" role="progressbar" aria-label="Progress" aria-valuenow="{share * 100:.0f}" '
        f'aria-valuemin="0" aria-valuemax="100"><i style="width:{share * 100:.1f}%"></i></div>'
        f'<p class="ph-sizes">{escape(" · ".join(facts))}</p>{_machine(started, events, around)}'
        f"{draw_shares(around.draws) if around.draws else ''}{message}</section>"
    )


def _before_steps(status: Status, around: Surroundings) -> str:
    if status.state is RunState.QUEUED:
        before = around.waiting_before or 0
        return f"{before} before it in the queue" if before else "starts when a live run has ended"
    return "loading the model and the data" if status.state.is_live else "no steps"


def _machine(started: Started | None, events: Sequence[Event], around: Surroundings) -> str:
    if started is None:
        return ""
    facts = [
        f"{millions(started.trained_parameters)} of {millions(started.total_parameters)} parameters train",
        f"{started.device}, {started.precision}",
    ]
    last = next((event for event in reversed(events) if isinstance(event, Step)), None)
    if last and last.tokens_per_second:
        facts.append(f"{last.tokens_per_second:,.0f} tokens/s")
    if around.memory:
        facts.append(f"{around.memory / 1e6:,.0f} MB of memory")
    return f'<p class="ph-sizes">{escape(" · ".join(facts))}</p>'


def metric_table(events: Sequence[Event]) -> str:
    """The metrics of each task before training, at the best checkpoint, and at the end."""
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
        strong = name == main_metric_key(best.metrics, task)
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


def _message(status: Status) -> str:
    """How the run ended; the events may have the end of an earlier attempt."""
    if not status.message or status.state.is_live:
        return ""
    kind = "ph-problem" if status.state in (RunState.FAILED, RunState.DIED) else "ph-note"
    return f'<p class="{kind}">{escape(status.message)}</p>'
