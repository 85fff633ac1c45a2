"""`compare`: strategies side by side in one table."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.table import Column, Table

from mtl.cli.console import err, need_writable, out, write_json
from mtl.comparing import Outcome, Spread, StrategyResult, compare, sharing, strategies, summarize
from mtl.evaluation import main_metric_name
from mtl.recipe import Recipe, load
from mtl.runs import new_run_id, runs_root


def compare_command(
    recipe_path: Path,
    presets: Sequence[str],
    seeds: Sequence[int],
    *,
    single_task: bool,
    json_file: Path | None,
    run_dir: Path | None,
) -> None:
    """Run every preset with every seed and print one table of the best checkpoints' dev figures."""
    if json_file is not None:
        need_writable(json_file)
    recipe = load(recipe_path)
    found = strategies(recipe, presets, single_task=single_task)
    folder = run_dir.resolve() if run_dir else runs_root() / new_run_id(f"compare-{recipe_path.stem}")
    outcomes: list[Outcome] = []
    for outcome in compare(found, seeds=seeds, folder=folder):
        err.print(f"{outcome.strategy}, seed {outcome.seed}: {outcome.seconds:.0f} s", markup=False)
        outcomes.append(outcome)
    rows = summarize(outcomes)
    out.print(_table(recipe, rows))
    for one in sharing({row.strategy: {key: spread.mean for key, spread in row.metrics.items()} for row in rows}):
        out.print(str(one), markup=False)
    out.print(f"runs: {folder}", markup=False)
    if json_file:
        write_json(json_file, [asdict(row) for row in rows])


def _table(recipe: Recipe, rows: Sequence[StrategyResult]) -> Table:
    keys = [f"eval/{name}/{main_metric_name(task)}" for name, task in recipe.tasks.items()]
    keys.append("eval/embedding/drift")
    names = ("strategy", *(key.removeprefix("eval/") for key in keys), "seconds", "memory", "trained", "checkpoint")
    table = Table(*(Column(name, overflow="fold") for name in names))  # in a narrow terminal no figure is cut
    for row in rows:
        figures = [_shown(row.metrics[key], 4) if key in row.metrics else "" for key in keys]
        sizes = (
            f"{row.memory_bytes / 1e6:,.0f} MB",
            f"{row.trained_parameters:,}",
            f"{row.checkpoint_bytes / 1e6:.1f} MB",
        )
        table.add_row(row.strategy, *figures, _shown(row.seconds, 0), *sizes)
    return table


def _shown(spread: Spread, digits: int) -> str:
    shown = f"{spread.mean:.{digits}f}"
    return f"{shown} ± {spread.deviation:.{digits}f}" if spread.deviation else shown
