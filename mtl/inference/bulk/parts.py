"""The folder of the finished parts of an output, which one call at a time writes."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mtl.disk import need_other_file, writing
from mtl.errors import InputError, RunError
from mtl.inference.bulk.state import STATE_FILE
from mtl.runs.lock import LOCK, take_lock


def parts_folder(target: Path) -> Path:
    """Where the finished parts of an output lie, and beside them the state that says what they were made of."""
    return target.with_name(f"{target.name}.partial")


def begun_state(target: Path) -> bytes | None:
    """The state file of finished parts; None where there are none."""
    try:
        return (parts_folder(target) / STATE_FILE).read_bytes()
    except OSError:
        return None


def need_apart(source: Path, target: Path) -> None:
    """Refuse outputs that would replace the input, or a folder of somebody else.

    Raises:
        InputError: there is one.
    """
    for name in ("", ".rejects.jsonl", ".index.jsonl"):
        output = target.with_name(target.name + name)
        need_other_file(output, source)
        if output.is_dir():
            raise InputError("a file to write was expected, this is a folder", path=output)
    folder = parts_folder(target)
    is_ours = folder.is_dir() and ((folder / STATE_FILE).is_file() or _is_unused(folder))
    if folder.exists() and not is_ours:
        raise InputError("a folder of finished parts, or none, was expected", path=folder)


@contextmanager
def writing_alone(target: Path) -> Iterator[None]:
    """While an output is written: no other call writes it, nor parts of it.

    Raises:
        InputError: another call does.
        StorageError: the folder of parts cannot be made.
    """
    folder = parts_folder(target)
    with writing(target):
        folder.mkdir(exist_ok=True)
        try:
            lock = take_lock(folder, use="the output is already being written")
        except RunError as error:
            raise InputError(error.message, path=target) from error
    try:
        yield
    finally:
        if _is_unused(folder):
            shutil.rmtree(folder, ignore_errors=True)
        lock.release()


def clear_parts(folder: Path) -> None:
    """Remove all but the lock."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        elif path.name != LOCK:
            path.unlink()


def _is_unused(folder: Path) -> bool:
    """Whether it has nothing but the lock."""
    return folder.is_dir() and {path.name for path in folder.iterdir()} <= {LOCK}
