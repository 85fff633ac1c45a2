"""`compare`: strategies side by side in one table."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.table import Column, Table

from mtl.cli.console import err, need_writable, out, write_json
from mtl.cli.recipes import files_of, told_of
from mtl.comparing import (
    BackboneSpeed,
    Outcome,
    SomeFailed,
    Spread,
    Strategy,
    StrategyResult,
    backbone_speeds,
    candidates,
    compare,
    linear_probe,
    sharing,
    strategies,
    strategy_titles,
    summarize,
)
from mtl.errors import MtlError
from mtl.evaluation import main_metric_name
from mtl.recipe import Recipe, load
from mtl.runs import new_run_id, runs_root
from mtl.user_path import resolved


@dataclass(frozen=True)
class Compared:
    """What is compared: presets, backbones (as a linear probe on `probe` rows where that is given), tasks alone."""

    presets: Sequence[str]
    backbones: Sequence[str]
    probe: int | None
    single_task: bool

    def strategies(self, recipe: Recipe) -> list[Strategy]:
        """Those of a recipe."""
        probed = recipe if self.probe is None else linear_probe(recipe, self.probe)
        own = strategies(recipe, self.presets, single_task=self.single_task)
        return [*own, *candidates(probed, self.backbones)]


def compare_command(
    recipe_path: Path, compared: Compared, seeds: Sequence[int], *, json_file: Path | None, run_dir: Path | None
) -> None:
    """Run every strategy with every seed and print one table of the best checkpoints' dev figures."""
    recipe = load(recipe_path)
    for note in recipe.notes:  # each run gets the recipe as it is understood, and has nothing to note
        err.print(f"note: {note}", markup=False)
    if json_file is not None:
        need_writable(json_file, recipe_path, *files_of(recipe))
    folder = resolved(run_dir) if run_dir else runs_root() / new_run_id(f"compare-{recipe_path.stem}")
    with told_of(recipe_path, folder):
        _compare(recipe, compared.strategies(recipe), seeds, folder, json_file=json_file)


def _compare(
    recipe: Recipe, found: Sequence[Strategy], seeds: Sequence[int], folder: Path, *, json_file: Path | None
) -> None:
    outcomes: list[Outcome] = []
    try:
        for outcome in compare(found, seeds=seeds, folder=folder):
            err.print(f"{outcome.strategy}, seed {outcome.seed}: {outcome.seconds:.0f} s", markup=False)
            outcomes.append(outcome)
    except (MtlError, KeyboardInterrupt) as error:
        if outcomes and isinstance(error, SomeFailed):
            _show(recipe, _measured(found, outcomes, json_file), folder, json_file)
        elif outcomes:  # it was asked to stop, or may have been
            _show(recipe, summarize(outcomes), folder, json_file)
        raise
    _show(recipe, _measured(found, outcomes, json_file), folder, json_file)


def _measured(found: Sequence[Strategy], outcomes: Sequence[Outcome], json_file: Path | None) -> list[StrategyResult]:
    """The rows with the speeds of the backbones; the file has them without first, should this be ended meanwhile."""
    rows = summarize(outcomes)
    if json_file:
        write_json(json_file, [asdict(row) for row in rows])
    return summarize(outcomes, backbone_speeds(found, {row.strategy for row in rows}))


def _show(recipe: Recipe, rows: Sequence[StrategyResult], folder: Path, json_file: Path | None) -> None:
    out.print(_table(recipe, rows))
    means = {row.strategy: {key: spread.mean for key, spread in row.metrics.items()} for row in rows}
    for one in sharing(means, {row.strategy: row.seeds for row in rows}):
        out.print(str(one), markup=False)
    out.print(f"runs: {folder}", markup=False)
    if json_file:
        write_json(json_file, [asdict(row) for row in rows])


def _table(recipe: Recipe, rows: Sequence[StrategyResult]) -> Table:
    keys = [f"eval/{name}/{main_metric_name(task)}" for name, task in recipe.tasks.items()]
    keys.append("eval/embedding/drift")
    tells_size = len({row.total_parameters for row in rows}) > 1  # as those of several backbones do
    tells_speed = any(row.speed is not None for row in rows)
    speeds = ("load, s", "texts/s") if tells_speed else ()
    sizes = ("memory", *speeds, "trained", *(("parameters",) if tells_size else ()), "checkpoint")
    names = ("strategy", *(key.removeprefix("eval/") for key in keys), "seconds", *sizes)
    table = Table(*(Column(name, overflow="fold") for name in names))  # in a narrow terminal no figure is cut
    named = strategy_titles({row.strategy: row.seeds for row in rows})
    for row in rows:
        figures = [_shown(row.metrics[key], 4) if key in row.metrics else "" for key in keys]
        parameters = (f"{row.total_parameters:,}",) if tells_size else ()
        speed = ("", "") if row.speed is None else _speed(row.speed)
        table.add_row(
            named[row.strategy],
            *figures,
            _shown(row.seconds, 0),
            f"{row.memory_bytes / 1e6:,.0f} MB",
            *(speed if tells_speed else ()),
            f"{row.trained_parameters:,}",
            *parameters,
            f"{row.checkpoint_bytes / 1e6:.1f} MB",
        )
    return table


def _speed(speed: BackboneSpeed) -> tuple[str, str]:
    return f"{speed.load_seconds:.1f}", f"{speed.texts_per_second:,.0f}"


def _shown(spread: Spread, digits: int) -> str:
    shown = f"{spread.mean:.{digits}f}"
    return f"{shown} ± {spread.deviation:.{digits}f}" if spread.deviation else shown
