"""Errors that a user can fix: each is one sentence that says what came, where, and what was expected."""

from collections.abc import Callable
from pathlib import Path


class MtlError(Exception):
    """Base of every error that is the input's fault and not a bug.

    Args:
        message: what came and what was expected, without the place.
        path: the file or folder that the error is about.
        line: the place in the file: a line number from 1, or a name such as `row 3`.
        key: the key of a recipe, or the option of a command.
    """

    def __init__(
        self, message: str, *, path: str | Path | None = None, line: int | str | None = None, key: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = None if path is None else str(path)
        self.line = line
        self.key = key

    def __str__(self) -> str:
        return self.sentence()

    def sentence(self, shown: Callable[[str], str] = str) -> str:
        """`path:line: key: message`, without what the error does not have; `shown` gives the path to write."""
        path = None if self.path is None else shown(self.path)
        place = ":".join(str(part) for part in (path, self.line) if part is not None)
        return ": ".join(part for part in (place, self.key, self.message) if part)


class DataError(MtlError):
    """A data file cannot be read as its task's format; `column` is the one that is wrong, where it is one."""

    column: str | None = None


class RecipeError(MtlError):
    """A recipe has an unknown key, a wrong value or points to a missing file."""


class BackboneError(MtlError):
    """A backbone cannot be found, loaded or verified."""


class CheckpointError(MtlError):
    """A checkpoint is damaged or does not fit its backbone."""


class RunError(MtlError):
    """A run folder is missing, damaged or in use."""


class TrainingError(MtlError):
    """A training run cannot continue."""


class InputError(MtlError):
    """Text or a file handed to inference cannot be used."""


class NotLastError(InputError):
    """What should be taken back is not what was done last."""


class UndoneError(NotLastError):
    """What should be taken back has been taken back already."""


class BackendError(MtlError):
    """A backend cannot run a model."""


class HubError(MtlError):
    """The Hub refuses an upload or cannot be reached."""


class StorageError(MtlError):
    """There is no room for temporary files, or their folder cannot be written."""


class ClusterError(MtlError):
    """A cluster cannot be reached, or its workers cannot do their part."""
