"""Projects on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mtl.fitting import LabelHint
from mtl.labelling.spec import ProjectSpec

LONGEST_TEXT = 20_000
"""Characters."""


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
    """

    folder: Path
    id: str
    name: str
    texts: tuple[str, ...]
    """Distinct texts; the number of a text is its position here."""
    rows: tuple[tuple[int, ...], ...]
    """Of each text the rows of what was given that have it, counted from 0."""

    @property
    def spec(self) -> ProjectSpec:
        """The task with its labels as they are now."""
        raise NotImplementedError

    def add_label(self, hint: LabelHint) -> None:
        """Add a label at the end; one that was removed comes back with its answers.

        Raises:
            InputError: the label is there already, cannot be a name, or is one too many.
            StorageError: the disk is full; also of the methods below.
        """
        raise NotImplementedError

    def describe_label(self, hint: LabelHint) -> None:
        """Replace description and examples of a label; InputError where there is none of its name."""
        raise NotImplementedError

    def rename_label(self, old: str, new: str) -> None:
        """Give a label another name, in all answers too; InputError where that is not possible."""
        raise NotImplementedError

    def remove_label(self, name: str) -> None:
        """Take a label away; texts with this label alone are to be labelled again. InputError as `describe_label`."""
        raise NotImplementedError


def create_project(root: Path, texts: Sequence[str], spec: ProjectSpec, *, name: str = "") -> Project:
    """Make a project in a new folder `<root>/<id>/`.

    Args:
        root: of all projects of one owner; it is made if need be.
        texts: at most `MOST_TEXTS`; blank ones are left out, equal ones are labelled once.
        spec: the task.
        name: for people; by default that of the task.

    Raises:
        InputError: there is no text, there are too many, or one is too long.
        StorageError: the disk is full or the folder cannot be written; nothing is left behind.
    """
    raise NotImplementedError


def open_project(folder: Path) -> Project:
    """A project that was made before.

    Raises:
        InputError: there is none in this folder, or its files are damaged.
    """
    raise NotImplementedError


def list_projects(root: Path) -> tuple[ProjectSummary, ...]:
    """The readable projects of a root, the one last changed first."""
    raise NotImplementedError


def delete_project(folder: Path) -> None:
    """Remove a project with all its answers.

    Raises:
        InputError: there is no project in this folder.
    """
    raise NotImplementedError
