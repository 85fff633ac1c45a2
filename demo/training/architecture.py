"""The sizes of the parts of a backbone, from its configuration; nothing is loaded or downloaded."""

from dataclasses import dataclass
from pathlib import Path

from mtl.backbones.catalogue import find_entry
from mtl.backbones.known_folders import recall
from mtl.errors import InputError
from mtl.json_text import parse_json
from mtl.user_path import user_path


@dataclass(frozen=True, slots=True)
class Architecture:
    """Number of layers, parameters of the embeddings and of one layer, and the hidden size."""

    layers: int
    embeddings: int
    layer: int
    hidden: int = 0


def of(backbone: str) -> Architecture | None:
    """The architecture of a backbone of the catalogue, a folder or a Hub id in the cache; None for an unknown one.

    A checkpoint has the architecture of its backbone.
    """
    if entry := find_entry(backbone):
        shape = entry.shape
        return Architecture(shape.layers, shape.embedding_parameters, shape.layer_parameters, shape.hidden)
    try:
        path = _config_file(backbone)
        config = parse_json(path.read_text(encoding="utf-8")) if path else None
        if config and str(config.get("format", "")).startswith("polyhead"):
            folder = next(recall(config["backbone"]["sha256"]), None) if config["backbone"].get("local") else None
            return of(str(folder or config["backbone"]["name"]))
        return _from_config(config) if config else None
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


def _config_file(backbone: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    folder = user_path(backbone) / "config.json"
    if folder.is_file():
        return folder
    try:
        cached = try_to_load_from_cache(backbone, "config.json")
    except HFValidationError:
        return None
    return Path(cached) if isinstance(cached, str) else None


def _from_config(config: dict[str, int]) -> Architecture:
    size = config.get("hidden_size") or config["dim"]
    inner = config.get("intermediate_size") or config.get("hidden_dim") or 4 * size
    layers = config.get("num_hidden_layers") or config["n_layers"]
    types = config.get("type_vocab_size", 0)
    words = config["vocab_size"] + config.get("max_position_embeddings", 0) + types + 2  # and a LayerNorm's two
    return Architecture(layers, words * size, 4 * size * size + 2 * size * inner + 9 * size + inner, size)
