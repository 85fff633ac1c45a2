"""L-BFGS against SGD for `heads_only`: quality on test data and the time of training, as ratios.

    python benchmarks/solver.py --data FOLDER [--backbone NAME] [--seeds 1,2] [--sets sib200_en,clinc150,wikigold]

Each data set is trained with `solver: sgd` and `solver: lbfgs`, all other keys at their defaults, in turn, after a run
of one step that has filled the cache of features for both. The best checkpoint by the dev data is measured on the test
data. `seconds` are those of the whole run without loading, evaluations included; `training` leaves evaluations out.
Times are given as SGD's over L-BFGS's, the median over seeds, since the machine may be shared. It exits 1 where L-BFGS
is more than a point worse or not faster on a set for which `auto` takes it (`mtl/training/solver.py`).
"""

import argparse
import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import mean, median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.data import read_files  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, TaskKind, parse  # noqa: E402
from mtl.runs import Evaluated, Finished  # noqa: E402
from mtl.training import run_in_folder  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "solver.json"
SETS = {
    "sib200_en": (TaskKind.CLASSIFICATION, "csv", "accuracy"),
    "clinc150": (TaskKind.CLASSIFICATION, "csv", "accuracy"),
    "wikigold": (TaskKind.TAGGING, "conll", "f1"),
    "uner_ewt": (TaskKind.TAGGING, "conll", "f1"),
    "snips": (TaskKind.TAGGING, "conll", "f1"),
}
SOLVERS = ("sgd", "lbfgs")


def main() -> int:
    """Train, measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", default=DEFAULT_BACKBONE)
    parser.add_argument("--seeds", default="1,2")
    parser.add_argument("--sets", default="sib200_en,clinc150,wikigold")
    args = parser.parse_args()
    found = {}
    for name in args.sets.split(","):
        runs = list(measure(args, name))
        found[name] = {"metric": SETS[name][2], **ratios(runs), "runs": runs}
        Console().print(name, {key: value for key, value in found[name].items() if key != "runs"})
        RESULTS.write_text(
            json.dumps({"machine": f"{platform.machine()}, {os.cpu_count()} cores", "sets": found}, indent=2) + "\n",
            encoding="utf-8",
        )
    table = Table("data", "metric", *SOLVERS, "whole run, times faster", "training alone, times faster")
    for name, own in found.items():
        figures = [f"{own[solver]:.4f}" for solver in SOLVERS]
        table.add_row(name, own["metric"], *figures, f"{own['run_ratio']:.1f}", f"{own['training_ratio']:.1f}")
    Console().print(table)
    taken = [own for name, own in found.items() if SETS[name][0] is TaskKind.CLASSIFICATION]
    worse = [own["lbfgs"] < own["sgd"] - 0.01 or own["run_ratio"] < 1 for own in taken]
    return int(any(worse))


def ratios(runs: list[dict]) -> dict:
    """The mean scores, and the medians over seeds of how many times faster L-BFGS was."""
    of = {solver: [run for run in runs if run["solver"] == solver] for solver in SOLVERS}
    result = {solver: round(mean(run["score"] for run in own), 4) for solver, own in of.items()}
    for key, ratio in (("seconds", "run_ratio"), ("training", "training_ratio")):
        pairs = zip(of["sgd"], of["lbfgs"], strict=True)
        result[ratio] = round(median(slow[key] / fast[key] for slow, fast in pairs), 2)
    return result


def measure(args: argparse.Namespace, name: str) -> Iterator[dict]:
    """Each run of a data set."""
    kind, ending, metric = SETS[name]
    files = {part: str((args.data / name / f"{part}.{ending}").resolve()) for part in ("train", "dev", "test")}
    task = {"kind": str(kind), "train": files["train"], "dev": files["dev"]}
    with tempfile.TemporaryDirectory() as folder:
        content = {"backbone": args.backbone, "tasks": {"task": task}, "freezing": {"preset": "heads_only"}}
        first = content | {"solver": "lbfgs", "budget": {"max_steps": 1}}
        for _ in run_in_folder(parse(first, folder=ROOT), Path(folder) / "first"):
            pass  # the features of both are in the cache from here on
        for seed in map(int, args.seeds.split(",")):
            for solver in SOLVERS if seed % 2 else SOLVERS[::-1]:
                recipe = parse(content | {"solver": solver, "seed": seed, "precision": "fp32"}, folder=ROOT)
                place = Path(folder) / f"{solver}-{seed}"
                events = list(run_in_folder(recipe, place))
                (end,) = [event for event in events if isinstance(event, Finished)]
                evaluating = sum(event.seconds for event in events if isinstance(event, Evaluated))
                engine = Engine.load(place / "best", backend="torch", precision="fp32")
                examples = read_files(recipe.tasks["task"], [files["test"]])
                yield {
                    "solver": solver,
                    "seed": seed,
                    "score": round(engine.evaluate("task", examples)[metric], 4),
                    "steps": end.step,
                    "seconds": round(end.seconds, 2),
                    "training": round(end.seconds - evaluating, 2),
                }


if __name__ == "__main__":
    sys.exit(main())
