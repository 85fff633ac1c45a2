"""The starter on every test set, beside a single-task full fine-tune of the same backbone on the same data.

    python benchmarks/starter.py --data FOLDER [--starter CHECKPOINT] [--work FOLDER] [--card] [--outside]

Trains the three baselines (about 20 minutes on two cores), evaluates everything the same way, prints a table and
writes `benchmarks/results/starter.json`. `--card` puts the starter's figures into its model card, and `--sample` does
nothing but lay the project's own dev examples beside its weights: those that it was trained with are not to be shipped.
`--outside` does nothing but lay summaries of its training texts beside them, as every run does at its end.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.checkpoint.sample import drawn, write_sample  # noqa: E402
from mtl.checkpoint.store import load as load_checkpoint  # noqa: E402
from mtl.cli.evaluating import raw_text_metrics  # noqa: E402
from mtl.data import read_files, read_task  # noqa: E402
from mtl.evaluation import main_metric_name  # noqa: E402
from mtl.inference.source import STARTER_FOLDER  # noqa: E402
from mtl.outside import Summary, write_summaries  # noqa: E402
from mtl.recipe import Recipe, TaskConfig, TaskKind, load  # noqa: E402
from mtl.runs import Evaluated, Finished  # noqa: E402
from mtl.training import run_in_folder  # noqa: E402
from mtl.training.data import tokenize  # noqa: E402
from mtl.training.summarizing import summaries_of  # noqa: E402

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
    "sentiment": ["review_sentiment/test.csv"],
    "entities": ["uner_ewt/test.conll", "uner_pud/test.conll", "btc/test.conll", "wikigold/test.conll"],
}
BASELINE = {"topic": {"backbone_lr": 1.0e-4}, "sentiment": {"backbone_lr": 1.0e-4}, "entities": {"backbone_lr": 2.0e-4}}
BEGIN, END = "<!-- test figures: begin -->", "<!-- test figures: end -->"


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with a folder for each data set")
    parser.add_argument("--starter", default="starter")
    parser.add_argument("--work", type=Path, help="keep the baselines' run folders here; found ones are used again")
    parser.add_argument("--card", action="store_true")
    parser.add_argument("--sample", action="store_true")
    parser.add_argument("--outside", action="store_true")
    args = parser.parse_args()
    if args.sample:
        own = {task: read_files(TaskConfig(kind=kind), [str(file)]) for task, (kind, file) in OWN.items()}
        write_sample(STARTER_FOLDER, {task: drawn(examples, 16) for task, examples in own.items()})
        return
    if args.data is None:
        parser.error("--data is needed")
    if args.outside:
        write_summaries(STARTER_FOLDER, starter_summaries(args.data))
        return
    work = args.work or Path(tempfile.mkdtemp(prefix="starter-"))
    recipe = load(RECIPE, [f"data_root={args.data.resolve()}"])
    starter = Engine.load(args.starter)
    rows = []
    for task, files in TESTS.items():
        baseline = Engine.load(train_baseline(recipe, task, work / task))
        for file in files:
            rows.append(
                {
                    "task": task,
                    "test": file,
                    "starter": measure(starter, task, args.data / file),
                    "single_task": measure(baseline, task, args.data / file),
                }
            )
    if args.work is None:
        shutil.rmtree(work)
    Console().print(table(rows))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    if args.card:
        write_card(Path(args.starter) if args.starter != "starter" else STARTER_FOLDER, rows)


def starter_summaries(data: Path) -> dict[str, Summary]:
    """Of the texts that the starter was trained on, by task."""
    recipe, loaded = load(RECIPE, [f"data_root={data.resolve()}"]), load_checkpoint(STARTER_FOLDER)
    read = {name: read_task(name, config) for name, config in recipe.tasks.items()}
    texts = tokenize(read, loaded.model.tasks, (loaded, loaded), recipe=recipe)
    return summaries_of(replace(loaded, outside={}), texts, seed=recipe.seed)


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
    figures = {main: found[main]}
    if "macro_f1" in found:
        figures["macro_f1"] = found["macro_f1"]
    else:
        figures["raw_f1"] = raw_text_metrics(engine, task, examples)["f1"]
    return figures


def table(rows: list[dict[str, Any]]) -> Table:
    """The figures as a table for the terminal."""
    result = Table("task", "test set", "metric", "starter", "single task", "difference")
    for row in rows:
        for metric, value in row["starter"].items():
            other = row["single_task"][metric]
            cells = (f"{value:.4f}", f"{other:.4f}", f"{value - other:+.4f}")
            result.add_row(row["task"], row["test"], metric, *cells)
    return result


def write_card(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Put the test figures between their markers in the model card."""
    lines = [
        BEGIN,
        "## Measured on test data",
        "",
        "By `python benchmarks/starter.py`; *single task* is a full fine-tune of the same backbone on that task alone. "
        "`raw_f1` is the F1 of exact spans on the detokenised text, words found by the model.",
        "",
        "| task | test set | metric | starter | single task |",
        "|---|---|---|---|---|",
        *(
            f"| {row['task']} | {row['test']} | {metric} | {value:.3f} | {row['single_task'][metric]:.3f} |"
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
