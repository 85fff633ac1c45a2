"""Projects on disk: a folder with `project.json`, `texts.jsonl`, `labels.jsonl` and the answers of each person."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import RLock
from typing import Any

from mtl.data.answers import listed
from mtl.errors import InputError, StorageError
from mtl.fitting import MOST_TEXTS, LabelHint
from mtl.folders import folder_size
from mtl.json_text import parse_json
from mtl.jsonl import read_records, sync_folder
from mtl.labelling.labels import Keyed, LabelLog, line_of
from mtl.labelling.log import AnswerLog
from mtl.labelling.mining import sense_of
from mtl.labelling.pairs import pair_count, pair_of
from mtl.labelling.spec import ProjectKind, ProjectSpec
from mtl.runs import new_run_id
from mtl.text import clean

LONGEST_TEXT = 20_000
"""Characters."""
LONGEST_TITLE = 80
"""Characters of a project's name."""
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
_FORMAT = "polyhead-labelling-1"
_PROJECT, _TEXTS, _LABELS, _ANSWERS = "project.json", "texts.jsonl", "labels.jsonl", "answers"
_WRITING = ".writing"
_DELETED = ".deleted"


@dataclass(frozen=True, slots=True)
class ProjectSummary:
    """What a list of projects shows; `created` and `changed` in seconds since the epoch, `bytes` on disk."""

    id: str
    name: str
    folder: Path
    spec: ProjectSpec
    texts: int
    answers: int
    annotators: tuple[str, ...]
    created: float
    changed: float
    bytes: int


class Project:
    """A project in a folder: distinct texts, the rows they stand for, and labels, which can change.

    Two processes can have one project open; each sees what the other has changed the next time that it looks.

    Attributes:
        folder: where it is.
        id: the name of the folder.
        name: for people.
        texts: distinct; the number of a text is its position here.
        rows: of each text the rows of what was given that have it, counted from 0.
    """

    def __init__(self, folder: Path) -> None:
        header = _header(folder)
        self.folder, self.id, self.name = folder, folder.name, str(header["name"])
        self.texts, self.rows = _texts(folder, int(header["texts"]))
        self._labels = LabelLog(folder / _LABELS)
        self._lock = RLock()
        self._spec, self._version = ProjectSpec(str(header["task"]), ProjectKind(header["kind"]), ()), 0

    @property
    def spec(self) -> ProjectSpec:
        """The task with its labels as they are now."""
        return self.labels_now()[0]

    @property
    def of_pairs(self) -> bool:
        """Whether pairs of texts are labelled."""
        return self._spec.kind is ProjectKind.PAIRS

    @property
    def count(self) -> int:
        """How many texts, or pairs of texts, there are to label; their numbers count from 0."""
        return pair_count(len(self.texts)) if self.of_pairs else len(self.texts)

    def texts_of(self, number: int) -> tuple[str, ...]:
        """The text of a number, or the two texts of a pair."""
        return tuple(self.texts[one] for one in (pair_of(number) if self.of_pairs else (number,)))

    @property
    def answers_folder(self) -> Path:
        """Where the answers of each person are."""
        return self.folder / _ANSWERS

    def labels_now(self) -> tuple[ProjectSpec, dict[str, str]]:
        """The task and, from the name of each label, the key by which answers are kept, both of one moment."""
        with self._lock:
            self._refresh()
            keys = self._labels.keys()
            return self._spec, {name: keys[name] for name in self._spec.names if name in keys}

    def labels_since(self) -> dict[str, float]:
        """When each label was added in the course of the project, or came back; 0 for those that it began with."""
        with self._lock:
            self._refresh()
            return self._labels.since()

    def add_label(self, hint: LabelHint) -> None:
        """Add a label at the end; one that was removed comes back with its answers.

        Raises:
            InputError: the label is there already, cannot be a name, or is one too many; pairs have labels that cannot
                be changed, also by the methods below.
            StorageError: the disk is full; also of the methods below.
        """
        with self._lock:
            self._need_own_labels()
            replace(self.spec, labels=(*self.spec.labels, hint))
            self._labels.put(hint, key=self._labels.key_of(hint.name))

    def describe_label(self, hint: LabelHint) -> None:
        """Replace description and examples of a label; InputError where there is none of its name."""
        with self._lock:
            self._labels.put(hint, key=self._key(hint.name))

    def rename_label(self, old: str, new: str) -> None:
        """Give a label another name, in all answers too; InputError where that is not possible."""
        with self._lock:
            key, spec = self._key(old), self.spec
            hints = [replace(hint, name=new) if hint.name == old else hint for hint in spec.labels]
            replace(spec, labels=tuple(hints))
            self._labels.put(hints[spec.names.index(old)], key=key)

    def remove_label(self, name: str) -> None:
        """Take a label away; texts with this label alone are to be labelled again. InputError as `describe_label`."""
        with self._lock:
            key = self._key(name)
            self._labels.put(self.spec.labels[self.spec.names.index(name)], key=key, is_removed=True)

    def _need_own_labels(self) -> None:
        if self.of_pairs:
            raise InputError("Pairs are the same or different: these labels cannot be changed.")

    def _refresh(self) -> None:
        try:
            self._labels.refresh()
        except OSError as error:
            raise InputError(f"a project with labels was expected: {error.strerror}", path=self.folder) from error
        if self._labels.version != self._version:
            self._version = self._labels.version
            self._spec = replace(self._spec, labels=self._labels.hints)

    def _key(self, name: str) -> str:
        self._need_own_labels()
        names = self.spec.names
        if name not in names:
            raise InputError(f"One of {listed(names)} was expected, was {name[:40]!r}.")
        return self._labels.keys()[name]


def create_project(root: Path, texts: Sequence[str], spec: ProjectSpec, *, name: str = "") -> Project:
    """Make a project in a new folder `<root>/<id>/`.

    Args:
        root: of all projects of one owner; it is made if need be.
        texts: at most `MOST_TEXTS`; blank ones are left out, equal ones are labelled once. Pairs need two that differ
            by more than case and white space.
        spec: the task.
        name: for people; by default that of the task.

    Raises:
        InputError: there is no text, there are too many, or one is too long.
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    rows = distinct(texts)
    if spec.kind is ProjectKind.PAIRS and len({sense_of(text) for text in rows}) < 2:
        raise InputError("At least two different texts were expected for pairs.")
    title = " ".join(name.split())[:LONGEST_TITLE] or spec.task
    header = {
        "format": _FORMAT,
        "name": clean(title),
        "task": spec.task,
        "kind": str(spec.kind),
        "texts": len(rows),
        "created": round(time.time(), 3),
    }
    files = {
        _TEXTS: (json.dumps({"text": text, "rows": own}, ensure_ascii=False) for text, own in rows.items()),
        _LABELS: (line_of(Keyed(hint.name, hint)) for hint in spec.labels),
        _PROJECT: (json.dumps(header, ensure_ascii=False),),
    }
    folder = root / new_run_id(title)
    making = root / f"{folder.name}{_WRITING}"
    try:
        making.mkdir(parents=True)
        for file, lines in files.items():
            _write(making / file, lines)
        (making / _ANSWERS).mkdir()
        sync_folder(making)
        making.rename(folder)
        sync_folder(root)
    except OSError as error:
        shutil.rmtree(making, ignore_errors=True)
        raise StorageError(f"room for a project was expected: {error.strerror}", path=root) from error
    return Project(folder)


def distinct(texts: Sequence[str]) -> dict[str, list[int]]:
    """Texts without white space at their edges, each with the rows that have it; blank ones are left out.

    Raises:
        InputError: there is no text, there are too many, or one is too long or no text.
    """
    if len(texts) > MOST_TEXTS:
        raise InputError(f"At most {MOST_TEXTS:,} texts were expected, were {len(texts):,}.")
    rows: dict[str, list[int]] = {}
    for row, given in enumerate(texts):
        if not isinstance(given, str):
            raise InputError(f"A text was expected in row {row + 1}, was {str(given)[:40]!r}.")
        text = clean(given).strip()
        if len(text) > LONGEST_TEXT:
            came = f"was {len(text):,} in row {row + 1}"
            raise InputError(f"A text of at most {LONGEST_TEXT:,} characters was expected, {came}.")
        if text:
            rows.setdefault(text, []).append(row)
    if not rows:
        raise InputError("Texts to label were expected, there are none.")
    return rows


def open_project(folder: Path) -> Project:
    """A project that was made before.

    Raises:
        InputError: there is none in this folder, or its files are damaged.
    """
    return Project(folder)


def list_projects(root: Path) -> tuple[ProjectSummary, ...]:
    """The readable projects of a root, the one last changed first."""
    found = []
    for file in root.glob(f"*/{_PROJECT}"):
        try:
            found.append(_summary(file.parent))
        except (InputError, OSError):
            continue
    return tuple(sorted(found, key=lambda one: one.changed, reverse=True))


def delete_project(folder: Path) -> None:
    """Remove a project with all its answers, and what is left of others whose deletion was cut off.

    It is moved first, to a name that no project has: whoever opens it, or answers, finds all of it or nothing.

    Raises:
        InputError: there is no project in this folder.
        StorageError: it cannot be removed.
    """
    _header(folder)
    gone = folder.with_name(f".{folder.name}{_DELETED}")
    try:
        folder.rename(gone)
        for left in folder.parent.glob(f".*{_DELETED}"):
            shutil.rmtree(left, ignore_errors=True)  # another process may be doing the same
        if gone.exists():
            shutil.rmtree(gone)  # it says why
    except OSError as error:
        raise StorageError(f"a project that can be removed was expected: {error.strerror}", path=folder) from error


def _summary(folder: Path) -> ProjectSummary:
    header, labels = _header(folder), LabelLog(folder / _LABELS)
    kind = ProjectKind(header["kind"])
    answers = AnswerLog(folder / _ANSWERS, of_pairs=kind is ProjectKind.PAIRS)
    labels.refresh()
    answers.refresh()
    spec = ProjectSpec(str(header["task"]), kind, labels.hints)
    created = float(header["created"])
    latest = [action.at for person in answers.people.values() for action in person.actions]
    texts = {text for person in answers.people.values() for text in person.answered()}
    return ProjectSummary(
        id=folder.name,
        name=str(header["name"]),
        folder=folder,
        spec=spec,
        texts=int(header["texts"]),
        answers=len(texts),
        annotators=tuple(sorted(answers.people)),
        created=created,
        changed=max([created, *latest]),
        bytes=folder_size(folder),
    )


def _header(folder: Path) -> dict[str, Any]:
    file = folder / _PROJECT
    try:
        found = parse_json(file.read_bytes())
        if not _ID.fullmatch(folder.name) or folder.name.endswith(_WRITING) or found["format"] != _FORMAT:
            raise ValueError(file)
        ProjectKind(found["kind"])
        kept = {key: found[key] for key in ("name", "task", "kind")}
        return {**kept, "texts": int(found["texts"]), "created": float(found["created"])}
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InputError("the folder of a labelling project was expected", path=folder) from error


def _texts(folder: Path, count: int) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    file = folder / _TEXTS
    texts, rows = [], []
    try:
        with file.open("rb") as opened:
            for _, record in read_records(opened):
                texts.append(str((record or {})["text"]))
                rows.append(tuple(map(int, (record or {})["rows"])))
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"a text was expected in line {len(texts) + 1}", path=file) from error
    if len(texts) != count:
        raise InputError(f"{count:,} texts were expected, were {len(texts):,}", path=file)
    return tuple(texts), tuple(rows)


def _write(file: Path, lines: Iterable[str]) -> None:
    with file.open("w", encoding="utf-8", newline="\n") as opened:
        opened.writelines(line + "\n" for line in lines)
        opened.flush()
        os.fsync(opened.fileno())
