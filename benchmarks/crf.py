"""A CRF beside a linear head with constrained decoding: entity F1 and time of an epoch.

    python benchmarks/crf.py --data FOLDER [--sentences 2000] [--epochs 4] [--seeds 1,2,3]

Both fine-tune the whole of MiniLM on the first sentences of uner_ewt, in alternating order. An epoch's time is that of
its training steps and one evaluation on the 2,001 dev sentences, so loss and decoding both count. Prints means over the
seeds and writes `benchmarks/results/crf.json`.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, median

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.recipe import Recipe, parse  # noqa: E402
from mtl.runs import Evaluated, Step  # noqa: E402
from mtl.training import train  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "crf.json"


@dataclass(frozen=True)
class Result:
    """One run: dev F1 after the last epoch, and median seconds of an epoch's steps and of an evaluation."""

    decoder: str
    seed: int
    f1: float
    step_seconds: float
    evaluation_seconds: float


def main() -> None:
    """Run both decoders with every seed, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", default="1,2,3")
    args = parser.parse_args()
    console = Console(highlight=False)
    results = []
    with tempfile.TemporaryDirectory() as home:
        os.environ["MTL_HOME"] = home
        for number, seed in enumerate(args.seeds.split(",")):
            for decoder in ("linear", "crf")[:: 1 if number % 2 == 0 else -1]:
                results.append(run(recipe_of(args, decoder, int(seed))))
                console.print(f"{decoder}, seed {seed}: F1 {results[-1].f1:.4f}", style="dim")
    console.print(table(results))
    RESULTS.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n", encoding="utf-8")


def recipe_of(args: argparse.Namespace, decoder: str, seed: int) -> Recipe:
    """A full fine-tune with this decoder."""
    task = {"kind": "tagging", "train": "uner_ewt/train.conll", "dev": "uner_ewt/dev.conll"}
    content = {
        "tasks": {"entities": {**task, "max_rows": args.sentences, "head": {"decoder": decoder}}},
        "optimizer": {"backbone_lr": 2.0e-4, "head_lr": 1.0e-3},
        "budget": {"epochs": args.epochs, "batch_tokens": 1024},
        "seed": seed,
    }
    return parse(content, folder=args.data.resolve())


def run(recipe: Recipe) -> Result:
    """Train, and time what an epoch is made of."""
    f1, steps, evaluations, epoch = 0.0, [], [], 0.0
    mark = time.perf_counter()
    for event in train(recipe):
        now = time.perf_counter()
        if isinstance(event, Step):
            epoch += now - mark
        if isinstance(event, Evaluated) and event.step:
            steps.append(epoch)
            evaluations.append(event.seconds)
            f1, epoch = event.metrics["eval/entities/f1"], 0.0
        mark = time.perf_counter()
    return Result(recipe.tasks["entities"].head.decoder, recipe.seed, f1, median(steps), median(evaluations))


def table(results: list[Result]) -> Table:
    """Means over seeds, and what the CRF costs against the linear head."""
    shown = Table("decoder", "F1, mean (lowest to highest)", "steps of an epoch, s", "evaluation, s", "epoch, ratio")
    linear = mean(r.step_seconds + r.evaluation_seconds for r in results if r.decoder == "linear")
    for decoder in ("linear", "crf"):
        own = [result for result in results if result.decoder == decoder]
        f1 = [result.f1 for result in own]
        steps, evaluation = mean(r.step_seconds for r in own), mean(r.evaluation_seconds for r in own)
        figures = f"{mean(f1):.4f} ({min(f1):.4f} to {max(f1):.4f})"
        shown.add_row(decoder, figures, f"{steps:.2f}", f"{evaluation:.2f}", f"{(steps + evaluation) / linear:.2f}")
    return shown


if __name__ == "__main__":
    main()
