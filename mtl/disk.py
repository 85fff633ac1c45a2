"""Files that must not be written, or that the system refuses to write: one sentence that names the file."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mtl.errors import InputError, StorageError
from mtl.runs.folder import NO_ROOM


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """While the file is written, maybe under another name first: what the system refuses is told by its name.

    Raises:
        StorageError: the disk is full, or the file cannot be written for another reason.
    """
    try:
        yield
    except OSError as error:
        said = os.strerror(error.errno) if error.errno else error.strerror or str(error)
        is_full = error.errno in NO_ROOM
        message = f"the disk is full ({said})" if is_full else f"a file that can be written was expected: {said}"
        raise StorageError(message, path=file) from error


def need_other_file(target: Path, *sources: str | Path) -> None:
    """Refuse an output that would replace an input, whatever they are called; a device may be both.

    Raises:
        InputError: it is the file of one of the inputs.
    """
    if target.is_file() and any(Path(source).exists() and target.samefile(source) for source in sources):
        raise InputError("an output other than the input was expected", path=target)
