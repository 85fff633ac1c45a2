"""What freezing saves, and how we stand beside others, in one process run.

    python benchmarks/train.py --data FOLDER [--sentences 3000] [--epochs 5] [--repeats 3] [--peers 3]

Trains `entities` (the first sentences of uner_ewt) and `topic` (sib200_en) on MiniLM under several freezing choices, in
alternating order, and prints medians: seconds of training (evaluation left out), the ratio to our own `full`, dev
figures, and the seconds of an epoch. `--peers` adds a plain transformers `Trainer` (batch 16, its defaults) on the same
sentences, and sentence-transformers with a logistic regression for topic. Writes `benchmarks/results/train.json`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.recipe import Recipe, parse  # noqa: E402
from mtl.runs import Evaluated, Started, Step  # noqa: E402
from mtl.training import train  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "train.json"
CONTENDERS = {
    "full": {"freezing": {"preset": "full"}},
    "last_layers: 2": {"freezing": {"preset": "last_layers", "layers": 2}},
    "last_layers: 1": {"freezing": {"preset": "last_layers", "layers": 1}},
    "heads_only": {"freezing": {"preset": "heads_only"}},
    "heads_only, no cache": {"freezing": {"preset": "heads_only"}, "cache": {"enabled": False}},
}


@dataclass
class Timing:
    """One run: seconds of training and of each epoch, and dev figures of the last evaluation."""

    seconds: float = 0.0
    epochs: list[float] = field(default_factory=list)
    figures: dict[str, float] = field(default_factory=dict)


def main() -> None:
    """Run everything and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=3000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--peers", type=int, default=0, metavar="REPEATS", help="runs of each peer")
    args = parser.parse_args()
    console = Console(highlight=False)
    runs: dict[str, list[Timing]] = {name: [] for name in CONTENDERS}
    for repeat in range(args.repeats):
        for name in list(CONTENDERS)[:: 1 if repeat % 2 == 0 else -1]:
            runs[name].append(time_ours(recipe_of(args, CONTENDERS[name])))
            console.print(f"{name}: {runs[name][-1].seconds:.1f} s", style="dim")
    if args.peers:
        runs |= time_peers(args)
    console.print(table(runs))
    RESULTS.parent.mkdir(exist_ok=True)
    content = {name: [asdict(timing) for timing in timings] for name, timings in runs.items()}
    settings = {"sentences": args.sentences, "epochs": args.epochs, "repeats": args.repeats}
    RESULTS.write_text(json.dumps({"settings": settings, "runs": content}, indent=1) + "\n", encoding="utf-8")


def recipe_of(args: argparse.Namespace, settings: dict) -> Recipe:
    """The benchmark's recipe with a contender's settings."""
    content = {
        "tasks": {
            "entities": {
                "kind": "tagging",
                "train": "uner_ewt/train.conll",
                "dev": "uner_ewt/dev.conll",
                "max_rows": args.sentences,
            },
            "topic": {"kind": "classification", "train": "sib200_en/train.csv", "dev": "sib200_en/dev.csv"},
        },
        "optimizer": {"backbone_lr": 2.0e-4, "head_lr": 1.0e-3},
        "budget": {"epochs": args.epochs, "batch_tokens": 1024},
        "evaluation": {"every": 1_000_000},
        **settings,
    }
    return parse(content, folder=args.data.resolve())


def time_ours(recipe: Recipe) -> Timing:
    """One run of ours with an empty cache; filling the cache counts as training, in its first epoch."""
    timing = Timing()
    with tempfile.TemporaryDirectory() as home:
        os.environ["MTL_HOME"] = home
        mark = time.perf_counter()
        per_epoch, epoch = 1, 0.0
        for event in train(recipe):
            now = time.perf_counter()
            if isinstance(event, Started):
                per_epoch = event.steps_per_epoch
            if isinstance(event, Started | Step):
                timing.seconds += now - mark
                epoch += now - mark
            if isinstance(event, Step) and event.step % per_epoch == 0:
                timing.epochs.append(epoch)
                epoch = 0.0
            if isinstance(event, Evaluated):
                timing.figures = {k: v for k, v in event.metrics.items() if k in FIGURES}
            mark = now
    return timing


FIGURES = ("eval/entities/f1", "eval/topic/accuracy", "eval/embedding/drift")


def time_peers(args: argparse.Namespace) -> dict[str, list[Timing]]:
    """The peers' runs, one after the other."""
    from peers import logistic_regression, transformers_trainer

    repeats = range(args.peers)
    return {
        "transformers Trainer, entities only": [Timing(*transformers_trainer(args)) for _ in repeats],
        "sentence-transformers + logistic regression, topic only": [
            Timing(*logistic_regression(args)) for _ in repeats
        ],
    }


def table(runs: dict[str, list[Timing]]) -> Table:
    """Medians, and ratios to our own full run."""
    result = Table("run", "seconds", "full is so many times slower", "later epochs, s", "entities F1", "topic accuracy")
    full = median(timing.seconds for timing in runs["full"])
    for name, timings in runs.items():
        seconds = median(timing.seconds for timing in timings)
        later = [epoch for timing in timings for epoch in timing.epochs[1:]]
        figures = [
            f"{median(timing.figures[key] for timing in timings):.4f}" if key in timings[0].figures else ""
            for key in FIGURES[:2]
        ]
        epochs = f"{median(later):.2f}" if later else ""
        result.add_row(name, f"{seconds:.1f}", f"{full / seconds:.2f}", epochs, *figures)
    return result


if __name__ == "__main__":
    main()
