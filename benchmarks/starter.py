"""The starter on every test set, beside a single-task full fine-tune of the same backbone on the same data.

    python benchmarks/starter.py --data FOLDER [--starter CHECKPOINT] [--work FOLDER] [--alone] [--card] [--sample]

`FOLDER` is one that `benchmarks/starter_data.py` wrote. Trains the three baselines (about 20 minutes on two cores; with
`--alone` their figures of the time before are kept), evaluates everything the same way, prints a table and writes
`benchmarks/results/starter.json`.
`two_way_accuracy` leaves *neutral* out of the choice, for test sets that have none; `not_neutral` is the share of plain
statements of our own with another sentiment above 0.6; `spearman_cosine` is that of the scored pairs in
`examples/similarity`, beside the backbone's. `--card` puts the starter's figures into its model card, and `--sample`
does nothing but lay the project's own dev examples beside its weights: those that it was trained with are not shipped.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.checkpoint.sample import drawn, write_sample  # noqa: E402
from mtl.cli.evaluating import raw_text_metrics  # noqa: E402
from mtl.data import LabelledText, ScoredPair, read_files  # noqa: E402
from mtl.evaluation import main_metric_name  # noqa: E402
from mtl.inference.source import STARTER_FOLDER  # noqa: E402
from mtl.recipe import Recipe, TaskConfig, TaskKind, load  # noqa: E402
from mtl.runs import Evaluated, Finished  # noqa: E402
from mtl.training import run_in_folder  # noqa: E402

RECIPE = ROOT / "examples" / "recipes" / "starter.yaml"
OWN = {
    "topic": (TaskKind.CLASSIFICATION, ROOT / "examples" / "topic" / "dev.csv"),
    "sentiment": (TaskKind.CLASSIFICATION, ROOT / "examples" / "sentiment" / "dev.csv"),
    "entities": (TaskKind.TAGGING, ROOT / "examples" / "entities" / "dev.conll"),
}
"""The project's own dev examples of the starter's tasks."""
RESULTS = ROOT / "benchmarks" / "results" / "starter.json"
TESTS = {
    "topic": ["sib200_en/test.csv"],
    "sentiment": ["review_sentiment/test.csv", "neutral/test.csv"],
    "entities": ["uner_ewt/test.conll", "uner_pud/test.conll", "btc/test.conll", "wikigold/test.conll"],
}
BASELINE = {"topic": {"backbone_lr": 1.0e-4}, "sentiment": {"backbone_lr": 1.0e-4}, "entities": {"backbone_lr": 2.0e-4}}
STATEMENTS = ROOT / "benchmarks" / "plain_statements.txt"
PAIRS = [str(ROOT / "examples" / "similarity" / name) for name in ("train.csv", "dev.csv")]
NEUTRAL, SURE = "neutral", 0.6
BEGIN, END = "<!-- test figures: begin -->", "<!-- test figures: end -->"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with a folder for each data set")
    parser.add_argument("--starter", default="starter")
    parser.add_argument("--work", type=Path, help="keep the baselines' run folders here; found ones are used again")
    parser.add_argument("--alone", action="store_true", help="without baselines")
    parser.add_argument("--card", action="store_true")
    parser.add_argument("--sample", action="store_true")
    args = parser.parse_args()
    if args.sample:
        own = {task: read_files(TaskConfig(kind=kind), [str(file)]) for task, (kind, file) in OWN.items()}
        write_sample(STARTER_FOLDER, {task: drawn(examples, 16) for task, examples in own.items()})
        return
    if args.data is None:
        parser.error("--data is needed")
    work = args.work or Path(tempfile.mkdtemp(prefix="starter-"))
    recipe = load(RECIPE, [f"data_root={args.data.resolve()}"])
    starter = Engine.load(args.starter, precision="fp32")  # as the figures that training stores
    before = {(row["task"], row["test"]): row for row in json.loads(RESULTS.read_text(encoding="utf-8"))}
    rows: list[dict[str, Any]] = []
    for task, files in TESTS.items():
        baseline = None if args.alone else Engine.load(train_baseline(recipe, task, work / task))
        for file in files:
            row = {"task": task, "test": file, "starter": measure(starter, task, args.data / file)}
            if baseline is None:
                row |= {"single_task": before.get((task, file), {}).get("single_task", {})}
            elif set(baseline.tasks[task].labels) >= labels_of(starter, task, args.data / file):
                found = measure(baseline, task, args.data / file)
                if set(baseline.tasks[task].labels) != set(starter.tasks[task].labels):  # it had fewer to choose from
                    found = {"two_way_accuracy": found["two_way_accuracy"]}
                row |= {"single_task": found}
            rows.append(row)
    rows.append({"task": "sentiment", "test": STATEMENTS.name, "starter": {"not_neutral": not_neutral(starter)}})
    rows.append({"task": "embedding", "test": "examples/similarity", **embeddings(starter)})
    if args.work is None:
        shutil.rmtree(work)
    Console().print(table(rows))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if args.card:
        write_card(Path(args.starter) if args.starter != "starter" else STARTER_FOLDER, rows)


def train_baseline(recipe: Recipe, task: str, folder: Path) -> Path:
    """A plain full fine-tune on one task's data of the recipe, its best checkpoint by dev; budget as the recipe."""
    if (folder / "best").is_dir():
        return folder / "best"
    content = recipe.model_dump(mode="json")
    content["tasks"] = {task: content["tasks"][task]}
    content["freezing"] = {"preset": "full"}
    content["optimizer"] |= {"layer_decay": 1.0, **BASELINE[task]}
    content["anchor"] = 0.0
    for event in run_in_folder(Recipe.model_validate(content), folder):
        if isinstance(event, Evaluated | Finished):
            Console(stderr=True).print(f"{task}: {event.kind} at step {event.step}")
    return folder / "best"


def measure(engine: Engine, task: str, file: Path) -> dict[str, float]:
    """The task's main figures on a test file; tagging also on raw text."""
    examples = read_files(engine.task_config(task), [str(file)])
    found = engine.evaluate(task, examples)
    main = main_metric_name(engine.tasks[task])
    figures = {main: found[main], "ece": found["ece"]}
    if "macro_f1" not in found:
        return figures | {"raw_f1": raw_text_metrics(engine, task, examples)["f1"]}
    labelled = [one for one in examples if isinstance(one, LabelledText)]
    if task == "sentiment" and all(one.label != NEUTRAL for one in labelled):
        answers = [found[task] for found in engine.classify([one.text for one in labelled])]
        best = [max((p, label) for label, p in one.items() if label != NEUTRAL)[1] for one in answers]
        right = [label == one.label for label, one in zip(best, labelled, strict=True)]
        return figures | {"two_way_accuracy": sum(right) / len(right)}
    return figures


def labels_of(engine: Engine, task: str, file: Path) -> set[str]:
    """The classes in a file; none for tags."""
    examples = read_files(engine.task_config(task), [str(file)])
    return {one.label for one in examples if isinstance(one, LabelledText)}


def not_neutral(engine: Engine) -> float:
    """The share of plain statements with a sentiment other than neutral above 0.6."""
    answers = engine.classify(STATEMENTS.read_text(encoding="utf-8").splitlines())
    claimed = [any(p > SURE for label, p in one["sentiment"].items() if label != NEUTRAL) for one in answers]
    return sum(claimed) / len(claimed)


def embeddings(engine: Engine) -> dict[str, dict[str, float]]:
    """Spearman's correlation of the starter's embedding and of its backbone's with the scores of our own pairs."""
    pairs = [one for one in read_files(TaskConfig(kind=TaskKind.SIMILARITY), PAIRS) if isinstance(one, ScoredPair)]
    backbone = Engine.load(engine.backbone, precision="fp32")
    names = {"starter": engine, "backbone": backbone}
    return {name: {"spearman_cosine": one.evaluate_embedding(pairs)["spearman_cosine"]} for name, one in names.items()}


def table(rows: list[dict[str, Any]]) -> Table:
    """The figures as a table for the terminal."""
    result = Table("task", "test set", "metric", "starter", "beside it", "difference")
    for row in rows:
        for metric, value in row["starter"].items():
            other = _beside(row).get(metric)
            cells = ("", "") if other is None else (f"{other:.4f}", f"{value - other:+.4f}")
            result.add_row(row["task"], row["test"], metric, f"{value:.4f}", *cells)
    return result


def _shown(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _beside(row: dict[str, Any]) -> dict[str, float]:
    found: dict[str, float] = row.get("single_task") or row.get("backbone") or {}
    return found


def write_card(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Put the test figures between their markers in the model card."""
    lines = [
        BEGIN,
        "## Measured on test data",
        "",
        "By `python benchmarks/starter.py`; beside it a full fine-tune of the same backbone on that task alone, or for "
        "`embedding` the backbone. `raw_f1` is the F1 of exact spans on raw text, with words found by the model. "
        "`two_way_accuracy` leaves neutral out of the choice; `not_neutral` is the share of plain statements with "
        "another sentiment above 0.6.",
        "",
        "| task | test set | metric | starter | beside it |",
        "|---|---|---|---|---|",
        *(
            f"| {row['task']} | {row['test']} | {metric} | {value:.3f} | {_shown(_beside(row).get(metric))} |"
            for row in rows
            for metric, value in row["starter"].items()
        ),
        END,
    ]
    card = folder / "README.md"
    text = card.read_text(encoding="utf-8")
    if BEGIN in text:
        head, _, rest = text.partition(BEGIN)
        text = head.rstrip() + "\n\n" + rest.partition(END)[2].lstrip()
    card.write_text(text.rstrip() + "\n\n" + "\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
