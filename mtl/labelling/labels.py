"""The labels of a project: they change by lines that are added to a file, so that answers of before keep their meaning.

A label has a key, which is its first name, made different from all other keys. Answers are kept with keys: a label that
is renamed is renamed in them too, and one that is removed and added again has its answers back.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.fitting import LabelHint
from mtl.jsonl import read_records
from mtl.labelling.log import now, write_line
from mtl.text.words import clean_all


@dataclass(frozen=True, slots=True)
class Keyed:
    """A label under its key."""

    key: str
    hint: LabelHint
    is_removed: bool = False
    since: float = 0.0
    """When it was added, or came back, in seconds since the epoch; 0 for one that the project began with."""


class LabelLog:
    """The labels in `labels.jsonl`; `version` changes with every line that is read."""

    def __init__(self, path: Path) -> None:
        self.version = 0
        self._path = path
        self._read = 0
        self._all: dict[str, Keyed] = {}

    def refresh(self) -> None:
        """Read what has been added."""
        if self._path.stat().st_size == self._read:
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line, record in read_records(file):
                self._read += len(line)
                self.version += 1
                if record is not None:
                    self._take(record)

    @property
    def hints(self) -> tuple[LabelHint, ...]:
        """The labels that there are."""
        return tuple(one.hint for one in self._all.values() if not one.is_removed)

    def keys(self) -> dict[str, str]:
        """From the name of a label to its key."""
        return {one.hint.name: key for key, one in self._all.items() if not one.is_removed}

    def since(self) -> dict[str, float]:
        """From the name of a label to `Keyed.since`."""
        return {one.hint.name: one.since for one in self._all.values() if not one.is_removed}

    def key_of(self, name: str) -> str:
        """The key for a label of this name: its own, that of a removed one, or a new one."""
        for removed in (False, True):
            for key, one in self._all.items():
                if one.is_removed is removed and one.hint.name == name:
                    return key
        key, number = name, 2
        while key in self._all:
            key, number = f"{name} {number}", number + 1
        return key

    def put(self, hint: LabelHint, *, key: str, is_removed: bool = False) -> None:
        """Write a label as it is from now on; StorageError as `write_line`."""
        before = self._all.get(key)
        since = now() if before is None or before.is_removed else before.since
        write_line(self._path, line_of(Keyed(key, hint, is_removed, since)))
        self.refresh()

    def _take(self, record: Mapping[str, Any]) -> None:
        try:
            hint = LabelHint(str(record["name"]), str(record["description"]), tuple(map(str, record["examples"])))
            found = Keyed(str(record["key"]), hint, bool(record["removed"]), float(record.get("since", 0.0)))
        except (KeyError, TypeError, ValueError):
            return
        others = [one for key, one in self._all.items() if key != found.key and not one.is_removed]
        if found.is_removed or all(one.hint.name != hint.name for one in others):  # two people may add the same
            if found.key in self._all and self._all[found.key].is_removed and not found.is_removed:
                del self._all[found.key]  # it comes back at the end
            self._all[found.key] = found


def line_of(label: Keyed) -> str:
    """A line of the file."""
    hint = label.hint
    kept = {"key": label.key, "name": hint.name, "description": hint.description, "examples": list(hint.examples)}
    return json.dumps(clean_all(kept | {"removed": label.is_removed, "since": label.since}), ensure_ascii=False)
