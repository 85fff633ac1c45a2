"""A recipe and texts on disk."""

from pathlib import Path

import pytest
import yaml

from tests.mtl.recipes import DEFAULTS, EXAMPLES, TASKS


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Path:
    """A recipe file on the example data for a tiny backbone."""
    tasks = {name: dict(TASKS[name]) for name in ("topic", "entities")}
    for task in tasks.values():
        task |= {key: str(EXAMPLES / str(task[key])) for key in ("train", "dev")}
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({"backbone": str(tiny_bert), "tasks": tasks, **DEFAULTS}, sort_keys=False))
    return path


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.txt"
    path.write_text("Anna met Tom in Paris.\n\n  The 🙂 film was bad!  \nNew York\n", encoding="utf-8")
    return path
