"""The file that names the rows of an input that were rejected."""

import json
from collections.abc import Mapping
from pathlib import Path

from mtl.disk import writing
from mtl.errors import DataError
from mtl.jsonl import append_line


class Rejects:
    """Takes the errors of rows; the file is there only if there are any."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        with writing(path):
            path.unlink(missing_ok=True)

    def __call__(self, error: DataError) -> None:
        self.add(reject_record(error))

    def add(self, record: Mapping[str, object]) -> None:
        """Write a record that `reject_record` made."""
        self.count += 1
        with writing(self.path):
            append_line(self.path, json.dumps(record, ensure_ascii=False))


def reject_record(error: DataError) -> dict[str, object]:
    """What the file says of a row."""
    place: dict[str, object] = {"line": error.line, "column": error.column}
    return {name: value for name, value in place.items() if value is not None} | {"reason": str(error)}
