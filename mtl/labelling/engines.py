"""What may have been trained on a project's answers: they do not measure it.

`handed_over.jsonl` has the names of the tasks that the answers have become, and downloads, from which a task of any
name can learn; `engines.jsonl` since when each engine has been used. Both only grow, by lines that are on the disk when
a function returns.
"""

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from mtl.errors import StorageError
from mtl.inference.engine import Engine
from mtl.jsonl import read_records
from mtl.labelling.log import now, write_line

_ENGINES, _HANDED_OVER = "engines.jsonl", "handed_over.jsonl"


def note_hand_over(folder: Path, task: str) -> None:
    """Record that the answers of a project become training data of a task of this name.

    Raises:
        StorageError: the disk is full, or somebody has deleted the project.
    """
    write_line(folder / _HANDED_OVER, json.dumps({"task": task, "at": now()}))


def note_download(folder: Path) -> None:
    """Record that the answers of a project leave as a file; errors as `note_hand_over`."""
    write_line(folder / _HANDED_OVER, json.dumps({"download": True, "at": now()}))


def was_downloaded(folder: Path) -> bool:
    """Whether the answers of a project have ever left as a file."""
    return any(record.get("download") is True for record in _records(folder / _HANDED_OVER))


def handed_over(folder: Path) -> tuple[str, ...]:
    """The names under which the answers of a project were handed over, the last one first."""
    names = [record.get("task") for record in _records(folder / _HANDED_OVER)]
    return tuple(dict.fromkeys(name for name in reversed(names) if isinstance(name, str)))


def own_tasks(folder: Path, task: str) -> tuple[str, ...]:
    """The names of heads that may know the answers of a project: those of `handed_over`, then its own.

    Args:
        folder: of the project.
        task: its name, which a saved checkpoint has.
    """
    return tuple(dict.fromkeys((*handed_over(folder), task)))


def first_used(folder: Path, engine: Engine, tasks: Collection[str]) -> float:
    """Since when an engine with a head of one of these names has been used here, in seconds since the epoch; 0 without.

    What it was trained on may be the answers of before: only later ones can measure it. Of every engine it is recorded
    when it was used first, since a head may turn out later to be of these names.

    Raises:
        StorageError: the disk is full, or somebody has deleted the project; not for an engine without such a head.
    """
    may_know = any(task in engine.tasks for task in tasks)
    if not engine.fingerprint:  # a model in memory
        return now() if may_know else 0.0
    file, begin = folder / _ENGINES, now()
    known = _times(file).get(engine.fingerprint)
    if known is None:
        try:
            write_line(file, json.dumps({"engine": engine.fingerprint, "at": begin}))
        except StorageError:
            if may_know:
                raise
    if not may_know:
        return 0.0
    return begin if known is None else known


def _times(file: Path) -> dict[str, float]:
    """The first time of each engine."""
    found: dict[str, float] = {}
    for record in _records(file):
        at = record.get("at")
        if isinstance(at, int | float):
            found.setdefault(str(record.get("engine")), float(at))
    return found


def _records(file: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a file that may not be there yet."""
    if file.is_file():
        with file.open("rb") as opened:
            yield from (record for _, record in read_records(opened) if record is not None)
