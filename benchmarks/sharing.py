"""Whether tasks that share an encoder lose by it: five pairs of tasks, together and each alone.

    python benchmarks/sharing.py --data FOLDER --runs FOLDER [--rows 1000] [--seeds 1,2,3] [--pairs intent+slots,…]

Every pair is trained by the defaults (`full`), and so is each of its tasks alone, by `mtl compare --single-task`. The
figures are the main metrics of the best checkpoints on dev, means over seeds, and the sentence that `mtl compare`
prints for each task. Runs that are complete in `--runs` are not done again. Writes `benchmarks/results/sharing.json`.
"""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from presets import SETS  # noqa: E402

from mtl.comparing import Sharing, compare, sharing, strategies, summarize  # noqa: E402
from mtl.recipe import parse  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "sharing.json"
PAIRS = ("intent+slots", "topic+entities", "topic+sentiment", "sentiment+wiki", "category+entities")
LEAST = 1.0  # points that a task may lose


def main() -> None:
    """Run what is missing, print a row a task, and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs; those that are complete are kept")
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--pairs", default=",".join(PAIRS))
    args = parser.parse_args()
    console, rows = Console(highlight=False), []
    seeds = [int(seed) for seed in args.seeds.split(",")]
    table = Table("pair", "task", "metric", "alone", "shared", "points", "more than a point below")
    for pair in args.pairs.split(","):
        for one in _shared(pair, args.data.resolve(), args.rows, seeds, args.runs / f"{pair}-{args.rows}"):
            rows.append({"pair": pair, "rows": args.rows, "seeds": len(seeds)} | asdict(one))
            below = "yes, and the comparison says so" if 100 * one.gain < -LEAST else "no"
            figures = (f"{one.alone:.3f}", f"{one.shared:.3f}", f"{100 * one.gain:+.1f}")
            table.add_row(pair, one.task, one.metric, *figures, below)
            console.print(f"{pair}: {one}")
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    console.print(table)


def _shared(pair: str, data: Path, rows: int, seeds: list[int], folder: Path) -> list[Sharing]:
    tasks = {
        name: {"kind": SETS[name][0], "max_rows": rows, **{p: SETS[name][1].format(p) for p in ("train", "dev")}}
        for name in pair.split("+")
    }
    recipe = parse({"tasks": tasks, "precision": "fp32"}, folder=data)
    found = strategies(recipe, ["full"], single_task=True)
    results = summarize(list(compare(found, seeds=seeds, folder=folder)))
    means = {row.strategy: {key: spread.mean for key, spread in row.metrics.items()} for row in results}
    return sharing(means, {row.strategy: row.seeds for row in results})


if __name__ == "__main__":
    main()
