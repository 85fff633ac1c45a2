"""Whether tasks that share an encoder lose by it: five pairs of tasks, together and each alone.

    python benchmarks/sharing.py --data FOLDER --runs FOLDER [--rows 1000] [--seeds 1,2,3] [--pairs intent+slots,…]
        [--with KEY=VALUE …]

Every pair is trained by the defaults (`full`), and so is each of its tasks alone, by `mtl compare --single-task`. The
figures are the main metrics of the best checkpoints on dev, means over seeds, and the sentence that `mtl compare`
prints for each task. With `--with` the pair is also trained together with that key of its recipe changed, beside the
same runs alone: what helps a task that loses by sharing. Runs that are complete in `--runs` are not done again. Adds to
`benchmarks/results/sharing.json`.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from presets import SETS  # noqa: E402

from mtl.comparing import Sharing, Strategy, compare, sharing, strategies, summarize  # noqa: E402
from mtl.recipe import Recipe, dump, load, parse  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "sharing.json"
PAIRS = ("intent+slots", "topic+entities", "topic+sentiment", "sentiment+wiki", "category+entities")
LEAST = 1.0  # points that a task may lose
KEY = ("pair", "rows", "strategy", "task")


def main() -> None:
    """Run what is missing, print a row a task, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs; those that are complete are kept")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--pairs", default=",".join(PAIRS))
    parser.add_argument("--with", dest="changes", action="append", default=[], metavar="KEY=VALUE")
    args = parser.parse_args()
    seeds = [int(seed) for seed in args.seeds.split(",")]
    table = Table("pair", "trained together", "task", "metric", "alone", "shared", "points", "more than a point below")
    for pair in args.pairs.split(","):
        recipe, rows = _recipe(pair, args.data.resolve(), args.rows), []
        for one in _shared(recipe, seeds, args.changes, args.runs / f"{pair}-{args.rows}"):
            rows.append({"pair": pair, "rows": args.rows, "seeds": len(seeds)} | asdict(one))
            below = "yes, and the comparison says so" if 100 * one.gain < -LEAST else "no"
            figures = (f"{one.alone:.3f}", f"{one.shared:.3f}", f"{100 * one.gain:+.1f}")
            table.add_row(pair, one.strategy, one.task, one.metric, *figures, below)
        _add(rows)
    Console(highlight=False).print(table)


def _recipe(pair: str, data: Path, rows: int) -> Recipe:
    tasks = {
        name: {"kind": SETS[name][0], "max_rows": rows, **{p: SETS[name][1].format(p) for p in ("train", "dev")}}
        for name in pair.split("+")
    }
    return parse({"tasks": tasks, "precision": "fp32"}, folder=data)


def _shared(recipe: Recipe, seeds: list[int], changes: list[str], folder: Path) -> Iterator[Sharing]:
    usual, *baselines = strategies(recipe, ["full"], single_task=True)
    together = [usual]
    folder.mkdir(parents=True, exist_ok=True)
    (written := folder / "recipe.yaml").write_text(dump(recipe), encoding="utf-8")
    for change in changes:
        (changed,) = strategies(load(written, overrides=[change]), ["full"], single_task=False)
        together.append(Strategy(f"{usual.name} with {change}", changed.recipe))
    results = summarize(list(compare([*together, *baselines], seeds=seeds, folder=folder)))
    means = {row.strategy: {key: spread.mean for key, spread in row.metrics.items()} for row in results}
    for strategy in together:
        own = {usual.name: means[strategy.name]} | {one.name: means[one.name] for one in baselines}
        yield from (replace(one, strategy=strategy.name) for one in sharing(own))


def _add(rows: list[dict[str, object]]) -> None:
    """Put rows into the file, in place of those of the same pair, size, strategy and task."""
    kept = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.is_file() else []
    found = {tuple(row[key] for key in KEY): row for row in [*kept, *rows]}
    RESULTS.write_text(json.dumps(list(found.values()), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
