"""What the temperatures of the starter's heads are worth: calibration error and Brier score on test sets.

    python benchmarks/calibration.py --data FOLDER [--out FILE]
    python benchmarks/calibration.py --data FOLDER --optimism [--out FILE]

The temperatures are those of the checkpoint, which its run fitted on dev sets; `FOLDER` is one that
`benchmarks/starter_data.py` wrote. "By chance" is the calibration error that exact probabilities would have on so few
texts. It exits 1 where a calibration error becomes worse.

A temperature is judged on the dev set that it was fitted to. `--optimism` says by how much that figure is too good: in
parts of the test sets, the calibration error with a temperature that was fitted to the whole part, beside one where
each fifth of its texts has the temperature that fits the others.
"""

import argparse
import json
import sys
from pathlib import Path
from statistics import mean

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.starter import TESTS  # noqa: E402
from mtl.data import Example, read_files  # noqa: E402
from mtl.decoding import ModelOutput  # noqa: E402
from mtl.evaluation import calibration_metrics, request_of  # noqa: E402
from mtl.evaluation.calibration import at_temperature, calibration_curves, events_of, with_temperature  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.inference.backends import DEFAULT_BATCH_TOKENS  # noqa: E402
from mtl.inference.runner import Runner  # noqa: E402
from mtl.inference.spec import spec_of  # noqa: E402
from mtl.metrics.calibration import calibration_error  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "calibration.json"
OPTIMISM = RESULTS.with_name("calibration_optimism.json")
SIZES, FOLDS, MOST = (50, 100, 200, 400), 5, 12
"""Texts of a part, folds of it, and parts of a test set at most."""


def main() -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--optimism", action="store_true")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    if args.optimism:
        return optimism(args.data, args.out or OPTIMISM)
    args.out = args.out or RESULTS
    engine, found = Engine.load("starter", precision="fp32", backend="torch"), []
    for name, tests in TESTS.items():
        task, temperature = engine.tasks[name], engine.tasks[name].temperature
        for test in tests:
            examples = read_files(engine.task_config(name), [str(args.data / test)])
            plain = outputs(engine, name, examples)
            before = calibration_metrics(task, examples, plain)
            tempered = at_temperature(task, plain, temperature)
            after, curves = (of(task, examples, tempered) for of in (calibration_metrics, calibration_curves))
            row = {"task": name, "test": test, "temperature": temperature, "before": before, "after": after}
            found.append(row | {"ece_by_chance": curves.ece_by_chance})
    args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    table = Table("task", "test set", "temperature", "ece", "after", "by chance", "brier", "after")
    for row in found:
        ece, brier = ([f"{row[when][metric]:.3f}" for when in ("before", "after")] for metric in ("ece", "brier"))
        figures = (*ece, f"{row['ece_by_chance']:.3f}", *brier)
        table.add_row(row["task"], row["test"], f"{row['temperature']:.2f}", *figures)
    Console(width=120).print(table)
    return int(any(row["after"]["ece"] > row["before"]["ece"] for row in found))


def optimism(data: Path, out: Path) -> int:
    """Measure, write and print what cross-fitting would say."""
    engine, found = Engine.load("starter", precision="fp32", backend="torch"), []
    table = Table("task", "test set", "texts", "parts", "ece, as fitted", "cross-fitted")
    for name, test in ((name, test) for name, tests in TESTS.items() for test in tests):
        examples = read_files(engine.task_config(name), [str(data / test)])
        shuffled = [examples[i] for i in np.random.default_rng(0).permutation(len(examples))]
        for size in SIZES:
            parts = [shuffled[at * size :][:size] for at in range(min(MOST, len(shuffled) // size))]
            if not parts:
                continue
            fitted, crossed = (mean(own) for own in zip(*(errors(engine, name, part) for part in parts), strict=True))
            row = {"task": name, "test": test, "texts": size, "parts": len(parts), "fitted": fitted, "crossed": crossed}
            found.append(row)
            table.add_row(name, test, str(size), str(len(parts)), f"{fitted:.4f}", f"{crossed:.4f}")
    out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    console = Console(width=120)
    console.print(table)
    for size in SIZES:
        apart = [row["crossed"] - row["fitted"] for row in found if row["texts"] == size]
        console.print(f"{size} texts: cross-fitted {mean(apart):+.4f} on average, {max(apart):+.4f} at most")
    return 0


def errors(engine: Engine, name: str, examples: list[Example]) -> tuple[float, float]:
    """The calibration error with the temperature that fits all examples, and with those that fit the other folds."""
    task, plain = engine.tasks[name], outputs(engine, name, examples)
    fitted = with_temperature(task, examples, plain)
    folds = np.random.default_rng(0).permutation(len(examples)) % FOLDS
    chances, came = [], []
    for fold in range(FOLDS):
        other = with_temperature(task, examples, plain, fits=folds != fold)
        own = [example for example, k in zip(examples, folds, strict=True) if k == fold]
        events = events_of(task, own, at_temperature(task, outputs(engine, name, own), other.task.temperature))
        chances.append(events.probabilities)
        came.append(events.came)
    crossed = calibration_error(np.concatenate(chances), np.concatenate(came))
    return calibration_metrics(fitted.task, examples, fitted.output)["ece"], crossed


def outputs(engine: Engine, task: str, examples: list[Example]) -> ModelOutput:
    """What the model gives for examples of a task at temperature 1, with the marginals of tags."""
    spec = spec_of(engine.loaded_model()).uncalibrated((task,))
    run = Runner(spec, engine.tokenizer, engine.backend, batch_tokens=DEFAULT_BATCH_TOKENS, marginals=True)
    return run(request_of(engine.tasks[task], examples))


if __name__ == "__main__":
    sys.exit(main())
