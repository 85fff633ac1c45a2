"""The penalty `l2` of heads that L-BFGS fits: accuracy on the dev parts, with all train texts and with a few of them.

    python benchmarks/penalty.py --data FOLDER [--backbone NAME] [--seeds 5]

The default of recipes (`optimizer.l2`) is for all texts, that of `mtl.fitting.FitOptions` for a few labelled ones. Test
parts are not read.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.data import read_files  # noqa: E402
from mtl.fitting import FitOptions, LabelledTexts, build_pool, fit_classes  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, TaskConfig, TaskKind  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "penalty.json"
SETS = ("sib200_en", "clinc150", "review_sentiment", "dbpedia14_small")
PENALTIES = (3.0, 10.0, 30.0, 100.0, 300.0)
FEW = (50, 200)
MOST = 15_000  # train texts of a set


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", default=DEFAULT_BACKBONE)
    parser.add_argument("--seeds", type=int, default=5)
    args = parser.parse_args()
    engine = Engine.load(args.backbone)
    found = {name: measure(engine, args.data / name, args.seeds) for name in SETS}
    RESULTS.write_text(json.dumps({"metric": "accuracy on dev", "sets": found}, indent=2) + "\n", encoding="utf-8")
    table = Table("data", "train texts", *(f"l2 {penalty:g}" for penalty in PENALTIES))
    for name, rows in found.items():
        for count, scores in rows.items():
            table.add_row(name, count, *(f"{score:.4f}" for score in scores.values()))
    Console().print(table)


def measure(engine: Engine, folder: Path, seeds: int) -> dict[str, dict[str, float]]:
    """By the number of train texts and by penalty the accuracy on dev; of a few texts the mean over seeds."""
    task = TaskConfig(kind=TaskKind.CLASSIFICATION)
    train, dev = (read_files(task, [str(folder / f"{part}.csv")]) for part in ("train", "dev"))
    train = train[:MOST]
    pool = build_pool(engine, [example.text for example in (*train, *dev)])
    gold = np.array([example.label for example in dev])
    places = np.arange(len(train), len(pool))

    def accuracy(rows: list[int], penalty: float) -> float:
        known = {row: train[row].label for row in rows}
        labels = tuple(sorted(set(known.values())))
        head = fit_classes(pool, LabelledTexts(labels, known), options=FitOptions(l2=penalty))
        return float((np.array(labels)[head.probabilities(pool, places).argmax(axis=1)] == gold).mean())

    draws = [np.random.default_rng(seed).permutation(len(train)).tolist() for seed in range(seeds)]
    few = {
        str(count): {f"{p:g}": round(float(np.mean([accuracy(d[:count], p) for d in draws])), 4) for p in PENALTIES}
        for count in FEW
    }
    every = {f"{p:g}": round(accuracy(list(range(len(train))), p), 4) for p in PENALTIES}
    return {**few, str(len(train)): every}


if __name__ == "__main__":
    main()
