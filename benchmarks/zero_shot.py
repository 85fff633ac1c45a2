"""First guesses from the names of labels alone, against chance, and what they are worth as a prior for the first fits.

    python benchmarks/zero_shot.py --data FOLDER [--backbone NAME] [--seeds 0,1,2,3,4]

Of sib200_en and dbpedia14_small the test texts are a pool that nobody has labelled; a head is made from the names of
the labels as they stand in the files. `names` is what is said of the labels alone, `moved` after they have moved to
their texts. Then some texts are labelled by chance, and accuracy is measured on the others: of a head with the prior
and of one without. `benchmarks/results/zero_shot.json` has the figures; they depend on no clock. It exits 1 where
accuracy from names is not at least three times that of chance, or a head with the prior is worse than one without.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from statistics import mean

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.data import read_files  # noqa: E402
from mtl.fitting import LabelHint, LabelledTexts, LinearHead, build_pool, fit_classes, zero_shot_head  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, TaskKind  # noqa: E402
from mtl.recipe.schema import TaskConfig  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "zero_shot.json"
SETS = ("sib200_en", "dbpedia14_small")
LABELLED = (10, 20, 50, 100)


def main() -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", default=DEFAULT_BACKBONE)
    parser.add_argument("--seeds", default="0,1,2,3,4")
    args = parser.parse_args()
    engine, seeds = Engine.load(args.backbone), [int(seed) for seed in args.seeds.split(",")]
    found = {name: measure(engine, args.data / name / "test.csv", seeds) for name in SETS}
    RESULTS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    table = Table("data", "labels", "chance", "commonest", "names", "moved", *(f"{n} labelled" for n in LABELLED))
    for name, own in found.items():
        fits = [f"{own['with_prior'][str(n)]:.3f} / {own['without'][str(n)]:.3f}" for n in LABELLED]
        figures = (f"{own[key]:.3f}" for key in ("chance", "commonest", "names", "moved"))
        table.add_row(name, str(own["labels"]), *figures, *fits)
    console = Console(width=140)
    console.print(table)
    console.print("labelled: accuracy on the other texts, with the prior / without")
    worse = [own["with_prior"][n] < own["without"][n] - 0.005 for own in found.values() for n in own["without"]]
    return int(any(worse) or any(own["moved"] < 3 * own["chance"] for own in found.values()))


def measure(engine: Engine, file: Path, seeds: list[int]) -> dict:
    """The figures of one data set."""
    examples = read_files(TaskConfig(kind=TaskKind.CLASSIFICATION), [str(file)])
    gold = np.array([example.label for example in examples])
    labels = tuple(sorted(set(gold.tolist())))
    pool = build_pool(engine, [example.text for example in examples])
    hints = [LabelHint(label) for label in labels]
    said, prior = zero_shot_head(engine, pool, hints, rounds=0), zero_shot_head(engine, pool, hints)

    def accuracy(head: LinearHead, rows: np.ndarray) -> float:
        return float((np.array(labels)[head.probabilities(pool, rows).argmax(axis=1)] == gold[rows]).mean())

    every = np.arange(len(gold))
    with_prior, without = {}, {}
    for count in LABELLED:
        scores = []
        for seed in seeds:
            order = np.random.default_rng(seed).permutation(len(gold))
            chosen, rest = order[:count], np.sort(order[count:])
            task = LabelledTexts(labels, {int(row): str(gold[row]) for row in chosen})
            scores.append([accuracy(fit_classes(pool, task, prior=one), rest) for one in (prior, None)])
        with_prior[str(count)], without[str(count)] = (round(mean(column), 4) for column in zip(*scores, strict=True))
    return {
        "texts": len(gold),
        "labels": len(labels),
        "chance": round(1 / len(labels), 4),
        "commonest": round(Counter(gold.tolist()).most_common(1)[0][1] / len(gold), 4),
        "names": round(accuracy(said, every), 4),
        "moved": round(accuracy(prior, every), 4),
        "with_prior": with_prior,
        "without": without,
    }


if __name__ == "__main__":
    sys.exit(main())
