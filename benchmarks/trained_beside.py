"""A `full` run beside a measurement, started as the page starts one."""

import json
import os
from pathlib import Path

from demo.runs import RunManager
from demo.settings import derive
from mtl.recipe import Recipe
from mtl.runs import RunFolder

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / "examples"


def begin_run(home: Path) -> RunFolder:
    """Start a run of both example tasks with everything trained, for longer than any measurement."""
    import app

    os.environ["MTL_HOME"] = str(home)
    manager = RunManager(derive(app._parser().parse_args([]), {}))
    tasks = {
        "topic": {"kind": "classification", "train": str(next((DATA / "topic").glob("train.*")))},
        "entities": {"kind": "tagging", "train": str(next((DATA / "entities").glob("train.*")))},
    }
    recipe = Recipe.model_validate({"tasks": tasks, "freezing": {"preset": "full"}, "budget": {"epochs": 50}})
    return manager.start(recipe, owner="a benchmark")


def steps_of(run: RunFolder) -> int:
    """The steps so far."""
    try:
        return int(json.loads(run.status_file.read_text(encoding="utf-8"))["step"])
    except (OSError, ValueError):
        return 0
