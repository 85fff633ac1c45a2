"""A folder of finished parts, on disk or in any store that fsspec knows; each part is there whole or not at all."""

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from mtl.errors import StorageError

FileSystem = Any
"""One of fsspec's."""
_ATOMIC = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "memory"})
"""Object stores, where a file is seen only once it was uploaded whole."""
_FAILURES = (OSError, ValueError, ImportError, NotImplementedError)
_ATTEMPT = ".attempt-"


def is_url(location: str) -> bool:
    """Whether a location is one of fsspec, such as `s3://bucket/folder`."""
    return "://" in location


class PartStore:
    """A folder.

    Args:
        location: a path, or a URL of fsspec.
        prefix: what the names of parts begin with.
    """

    def __init__(self, location: str, *, prefix: str = "") -> None:
        self.location = location
        self._prefix = prefix

    def __getstate__(self) -> dict[str, str]:
        return {"location": self.location, "_prefix": self._prefix}  # each process opens its own connections

    def part(self, number: int, suffix: str) -> str:
        """The name of a part."""
        return f"{self._prefix}{number:06d}{suffix}"

    def beside(self, name: str) -> str:
        """The name of a file that is no part; where parts have a prefix, one that readers of folders leave out."""
        return f"_{name}" if self._prefix else name

    def numbers(self, suffix: str) -> frozenset[int]:
        """The parts that are there."""
        begin, end = len(self._prefix), -len(suffix)
        middle = [name[begin:end] for name in self.names() if name.startswith(self._prefix) and name.endswith(suffix)]
        return frozenset(int(number) for number in middle if number.isdecimal())

    def create(self) -> None:
        """Make the folder where it is missing.

        Raises:
            StorageError: it cannot be made or read, here as in all other methods.
        """
        with self._failing():
            self._fs.makedirs(self._root, exist_ok=True)

    def names(self) -> frozenset[str]:
        """The names of the files that are there, without those whose writing was interrupted."""
        with self._failing():
            self._fs.invalidate_cache()
            try:
                found = self._fs.ls(self._root, detail=False)
            except FileNotFoundError:
                return frozenset()
        return frozenset(name for name in map(_name, found) if not name.startswith(_ATTEMPT))

    def read(self, name: str) -> bytes | None:
        """A file, None where there is none."""
        with self._failing():
            try:
                return bytes(self._fs.cat_file(self._path(name)))
            except FileNotFoundError:
                return None

    def write(self, name: str, content: str) -> None:
        """Write a small file."""
        with self.scratch() as folder:
            (folder / name).write_text(content, encoding="utf-8")
            self.put(folder / name, name)

    def remove(self, name: str) -> None:
        """Remove a file, which may be missing."""
        with self._failing(), contextlib.suppress(FileNotFoundError):
            self._fs.rm_file(self._path(name))

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """A folder to write a file in before it is put; on a disk it lies beside the parts, so that none is copied."""
        with self._failing():
            made = tempfile.TemporaryDirectory(prefix=_ATTEMPT, dir=self._local, ignore_cleanup_errors=True)
        with made as folder:
            yield Path(folder)

    def put(self, file: Path, name: str) -> None:
        """Move a file from `scratch` to the parts; one of that name is replaced."""
        with self._failing():
            if self._local is not None:
                file.replace(self._local / name)
            elif _ATOMIC.intersection(self._protocols):
                self._fs.put_file(str(file), self._path(name))
            else:
                fresh = self._path(f"{_ATTEMPT}{name}")
                self._fs.put_file(str(file), fresh)
                self._fs.mv(fresh, self._path(name))

    def clear_attempts(self) -> None:
        """Remove what killed workers left of parts that they had begun."""
        with self._failing():
            for path in self._fs.ls(self._root, detail=False):
                if _name(path).startswith(_ATTEMPT):
                    self._fs.rm(path, recursive=True)

    @cached_property
    def _opened(self) -> tuple[FileSystem, str]:
        import fsspec

        with self._failing():
            fs, root = fsspec.core.url_to_fs(self.location)
        return fs, str(root).rstrip("/")

    @property
    def _fs(self) -> FileSystem:
        return self._opened[0]

    @property
    def _root(self) -> str:
        return self._opened[1]

    @property
    def _protocols(self) -> tuple[str, ...]:
        protocol = self._fs.protocol
        return (protocol,) if isinstance(protocol, str) else tuple(protocol)

    @property
    def _local(self) -> Path | None:
        """The folder, where it is one of this machine's file system."""
        return Path(self._root) if "file" in self._protocols else None

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @contextmanager
    def _failing(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            message = f"a folder or store that can be read and written was expected: {reason}"
            raise StorageError(message, path=self.location) from error


def _name(path: str) -> str:
    return str(path).rstrip("/").rpartition("/")[2]


@contextmanager
def local_copy(location: str) -> Iterator[Path]:
    """A file on this machine with the content of a location: the file itself, or a copy of what a URL names.

    Raises:
        StorageError: it cannot be read.
    """
    if not is_url(location):
        yield Path(location)
        return
    import fsspec

    with tempfile.TemporaryDirectory(prefix="polyhead-input-") as folder:
        file = Path(folder) / location.rstrip("/").rpartition("/")[2]
        try:
            fs, path = fsspec.core.url_to_fs(location)
            fs.get_file(path, str(file))
        except _FAILURES as error:
            raise StorageError(f"a readable file was expected: {error}", path=location) from error
        yield file


def described(location: str) -> tuple[int, str]:
    """Bytes of what a URL names, and what tells this version of it from others; errors as `local_copy`."""
    import fsspec

    try:
        fs, path = fsspec.core.url_to_fs(location)
        fs.invalidate_cache()
        info = fs.info(path)
        if info.get("type") == "directory":
            raise IsADirectoryError("this is a folder")
        return int(info["size"] or 0), str(info.get("ETag") or info.get("etag") or fs.ukey(path))
    except _FAILURES as error:
        raise StorageError(f"a readable file was expected: {error}", path=location) from error
