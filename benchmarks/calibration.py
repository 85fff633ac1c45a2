"""What the temperatures of the starter's heads are worth: calibration error and Brier score on test sets.

    python benchmarks/calibration.py --data FOLDER [--out FILE]

The temperatures are those of the checkpoint, which its run fitted on dev sets; `FOLDER` is one that
`benchmarks/starter_data.py` wrote. "By chance" is the calibration error that exact probabilities would have on so few
texts. It exits 1 where a calibration error becomes worse.
"""

import argparse
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.starter import TESTS  # noqa: E402
from mtl.data import Example, read_files  # noqa: E402
from mtl.decoding import ModelOutput  # noqa: E402
from mtl.evaluation import calibration_metrics, request_of  # noqa: E402
from mtl.evaluation.calibration import at_temperature, calibration_curves  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.inference.backends import DEFAULT_BATCH_TOKENS  # noqa: E402
from mtl.inference.runner import Runner  # noqa: E402
from mtl.inference.spec import spec_of  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "calibration.json"


def main() -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
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


def outputs(engine: Engine, task: str, examples: list[Example]) -> ModelOutput:
    """What the model gives for examples of a task at temperature 1, with the marginals of tags."""
    spec = spec_of(engine.loaded_model()).uncalibrated((task,))
    run = Runner(spec, engine.tokenizer, engine.backend, batch_tokens=DEFAULT_BATCH_TOKENS, marginals=True)
    return run(request_of(engine.tasks[task], examples))


if __name__ == "__main__":
    sys.exit(main())
