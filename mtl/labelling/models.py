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
    file = folder / "engines.jsonl"
    if file.is_file():
        with file.open("rb") as opened:
            for _, record in read_records(opened):
                if record is not None and record.get("engine") == engine.fingerprint:
                    return float(record.get("at", 0.0))
    begin = now()
    write_line(file, json.dumps({"engine": engine.fingerprint, "at": begin}))
    return begin
