"""Tables of measured figures; empty without figures."""

from collections.abc import Sequence

from demo.guide.measured import Labelled, Tested, Timed, Tried
from demo.views.tables import Cell, Column, table

_SOURCE = '<p class="ph-note">Written by <code>{program}</code>.</p>'
_WITHOUT_ANCHOR = '<p class="ph-note">Written by <code>{program}</code>, without an anchor.</p>'


_MAIN = ("accuracy", "micro_f1", "f1", "mrr", "spearman_cosine", "drift")


def timing_table(runs: Sequence[Timed], *, program: str) -> str:
    """Seconds, speed relative to full training, and the main dev metrics."""
    if not runs:
        return ""
    full = next((run.seconds for run in runs if run.name == "full"), None)
    names = list(dict.fromkeys(name for run in runs for name in run.figures))
    names = [name for name in names if name.count("/") == 2 and name.rpartition("/")[2] in _MAIN]
    columns = [Column("what trains"), Column("seconds", number=True), Column("speed-up over full", number=True)]
    columns += [Column(_short(name), number=True) for name in names]
    rows: list[list[Cell]] = [
        [run.name, f"{run.seconds:.1f}", full / run.seconds if full else None, *(run.figures.get(n) for n in names)]
        for run in runs
    ]
    return table(columns, rows, caption="Training time with freezing") + _WITHOUT_ANCHOR.format(program=program)


def trial_table(trials: Sequence[Tried]) -> str:
    """The best settings of every preset, with dev metrics, drift and seconds."""
    if not trials:
        return ""
    names = list(trials[0].figures)
    columns = [Column("freezing"), *(Column(_short(name), number=True) for name in names)]
    columns += [Column("drift", number=True), Column("seconds", number=True), Column("best settings tried")]
    rows: list[list[Cell]] = [
        [
            trial.preset,
            *(trial.figures[name] for name in names),
            trial.drift,
            f"{trial.seconds:.1f}",
            ", ".join(f"{name} {value:g}" for name, value in trial.settings.items()),
        ]
        for trial in trials
    ]
    return table(columns, rows, caption="Freezing choices compared") + _WITHOUT_ANCHOR.format(
        program="benchmarks/defaults.py"
    )


def test_table(tests: Sequence[Tested]) -> str:
    """The starter compared with models trained on one task only."""
    if not tests:
        return ""
    columns = [Column("task"), Column("test set"), Column("metric")]
    columns += [Column("starter", number=True), Column("single task", number=True)]
    rows = [[t.task, t.test, t.metric, f"{t.starter:.3f}", f"{t.single:.3f}"] for t in tests]
    return table(columns, rows, caption="The starter on test sets") + _SOURCE.format(program="benchmarks/starter.py")


def labelling_table(sets: Sequence[Labelled]) -> str:
    """Test scores in percent by the number of labels: in the default order, and by chance."""
    if not sets:
        return ""
    numbers = list(sets[0].mix)
    columns = [Column("data"), Column("order"), *(Column(f"{at} labels", number=True) for at in numbers)]
    rows: list[list[Cell]] = [
        [one.name, order, *(f"{100 * scores[at]:.1f}" for at in numbers)]
        for one in sets
        for order, scores in (("default", one.mix), ("by chance", one.random))
    ]
    source = _SOURCE.format(program="benchmarks/label.py")
    return table(columns, rows, caption="Accuracy, or F1 of entities, on test texts") + source


def _short(metric: str) -> str:
    return " ".join(metric.split("/")[1:]) if metric.startswith("eval/") else metric
