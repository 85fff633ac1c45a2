"""A run's checkpoint measured on a labelled file, by `python -m mtl evaluate` in a separate process."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from demo.inputs.drafts import allowed_endings
from demo.inputs.text_input import need_size
from demo.runs.commands import Command
from demo.settings import Settings
from mtl.errors import DataError, InputError
from mtl.recipe import TaskKind
from mtl.runs import RunFolder

_GUESS: Mapping[str, str] = MappingProxyType({})


def tasks_of(run: RunFolder) -> dict[str, TaskKind]:
    """The tasks of a run's best checkpoint; none before there is one."""
    try:
        config = json.loads((run.best / "config.json").read_text(encoding="utf-8"))
        return {name: TaskKind(task["kind"]) for name, task in config["tasks"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def measure(
    run: RunFolder, task: str | None, file: Path | None, settings: Settings, columns: Mapping[str, str] = _GUESS
) -> dict[str, float]:
    """Every metric of one task on a file, by name; tagging also on the raw text.

    Args:
        run: whose best checkpoint is measured.
        task: one of its tasks.
        file: of labelled examples.
        settings: of the page.
        columns: the column of each role where it is chosen.

    Raises:
        InputError: there is no such task, or no file.
        DataError: the page does not accept the type of the file.
        RunError: the data do not fit the task, or the time limit was exceeded.
    """
    kinds = tasks_of(run)
    if task not in kinds:
        raise InputError(f"A task of {', '.join(kinds) or 'a run with a checkpoint'} was expected, was {task}.")
    if file is None:
        raise InputError("Upload a labelled file first.")
    allowed = allowed_endings(kinds[task], settings)
    if file.suffix.lower() not in allowed:
        raise DataError(f"a file of type {', '.join(allowed)} was expected.", path=file)
    need_size(file, settings)
    raw = ["--raw"] if kinds[task] is TaskKind.TAGGING else []
    given = [part for role, column in columns.items() for part in ("--column", f"{role}={column}")]
    seconds = 60 * (settings.max_minutes or 60)
    arguments = ["evaluate", str(run.best), "--data", f"{task}={file}", *raw, *given]
    answer = Command(arguments, settings=settings).answer(seconds=seconds)
    prefix = f"eval/{task}/"
    return {name.removeprefix(prefix): float(value) for name, value in answer.items()}
