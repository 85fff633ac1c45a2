"""Which engines a project was used with, and since when: answers do not measure a model that was trained on them."""

import json
from pathlib import Path

from mtl.inference.engine import Engine
from mtl.jsonl import read_records
from mtl.labelling.log import now, write_line


def first_used(folder: Path, engine: Engine, task: str) -> float:
    """Since when an engine with a head of this name has been used here, in seconds since the epoch; 0 without one.

    What it was trained on may be the answers of before: only later ones can measure it.

    Raises:
        StorageError: the disk is full.
    """
    if task not in engine.tasks:
        return 0.0
    if not engine.fingerprint:  # a model in memory
        return now()
    file, begin = folder / "engines.jsonl", now()
    known = _times(file).get(engine.fingerprint)
    if known is None:
        write_line(file, json.dumps({"engine": engine.fingerprint, "at": begin}))
    return begin if known is None else known


def _times(file: Path) -> dict[str, float]:
    """The first time of each engine."""
    found: dict[str, float] = {}
    if file.is_file():
        with file.open("rb") as opened:
            for _, record in read_records(opened):
                at = (record or {}).get("at")
                if record is not None and isinstance(at, int | float):
                    found.setdefault(str(record.get("engine")), float(at))
    return found
