"""What a name of a model means, found and verified without loading it."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mtl.backbones import BackboneSource, find_backbone
from mtl.backbones.source import hash_weights
from mtl.checkpoint import CheckpointConfig, is_checkpoint, read_config
from mtl.checkpoint.config import HEADS_FOLDER, SAMPLE_FOLDER
from mtl.checkpoint.imported import imported_task
from mtl.errors import CheckpointError
from mtl.inference.other_folders import need_loadable
from mtl.outside import SUMMARIES_FILE
from mtl.task import TaskInfo
from mtl.user_path import user_path

if TYPE_CHECKING:
    from mtl.checkpoint.store import LoadedModel

STARTER = "starter"
STARTER_FOLDER = Path(__file__).resolve().parents[1] / STARTER
_ITS_FOLDERS = (("examples", STARTER), ("mtl", STARTER), (STARTER,))
"""How paths to it end in recipes of runs that started from it, which may name no folder that is here."""
_SETTINGS = ("*.json", "*.txt", "*.model", "1_Pooling/*.json", "*_Dense/*")


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A model found on this machine: a checkpoint folder and its backbone, or a bare backbone.

    `imported` is the task of a classifier that transformers wrote; its backbone is the same folder.
    """

    name: str
    folder: Path
    config: CheckpointConfig | None
    backbone: BackboneSource
    imported: TaskInfo | None = None

    @property
    def tasks(self) -> dict[str, TaskInfo]:
        """The tasks that it has already."""
        if self.imported is not None:
            return {self.imported.name: self.imported}
        return {name: record.info(name) for name, record in self.config.tasks.items()} if self.config else {}

    def fingerprint(self) -> str:
        """A hash of everything that the model's answers depend on, hexadecimal."""
        digest = hashlib.sha256(self.backbone.sha256.encode())
        for file in sorted(file for pattern in _SETTINGS for file in self.backbone.folder.glob(pattern)):
            digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
        if self.config is not None:
            digest.update(self.config.model_dump_json().encode() + hash_weights(self.folder).encode())
            for file in (*sorted((self.folder / SAMPLE_FOLDER).glob("*.jsonl")), *self.folder.glob(SUMMARIES_FILE)):
                digest.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
        return digest.hexdigest()


def find_model(name: str) -> ModelSource:
    """Find a model by `starter`, a folder or a Hub id, of a checkpoint or of a backbone.

    Raises:
        CheckpointError, BackboneError: nothing that can be loaded has this name, or its backbone has other weights.
    """
    folder = user_path(name)
    need_loadable(folder)
    if name == STARTER or (folder.parts[-2:] in _ITS_FOLDERS and not folder.is_dir()):
        if not is_checkpoint(STARTER_FOLDER):
            raise CheckpointError("the starter was expected, it is not there", path=STARTER_FOLDER)
        return _checkpoint(name, STARTER_FOLDER)
    if folder.is_dir() and (found := _checkpoint_in(folder)):
        return _checkpoint(name, found)
    source = find_backbone(str(folder) if folder.is_dir() else name)
    if found := _checkpoint_in(source.folder):
        return _checkpoint(name, found)
    return ModelSource(name, source.folder, None, source, imported_task(source.folder))


def load_model(source: ModelSource) -> "LoadedModel":
    """Load what was found, with torch.

    Raises:
        CheckpointError, BackboneError: it is damaged.
    """
    from mtl.checkpoint.imported_heads import load_imported
    from mtl.checkpoint.store import build, load
    from mtl.encoder import load_backbone

    if source.imported:
        return load_imported(source.backbone, source.imported)
    return load(source.folder) if source.config else build(load_backbone(source.backbone), {})


def _checkpoint_in(folder: Path) -> Path | None:
    """The folder itself, or that of the heads in an exported encoder."""
    return next((one for one in (folder, folder / HEADS_FOLDER) if is_checkpoint(one)), None)


def _checkpoint(name: str, folder: Path) -> ModelSource:
    config = read_config(folder)
    return ModelSource(name, folder, config, config.backbone.find(folder))
