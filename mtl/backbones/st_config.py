"""What a sentence-transformers folder says of itself: pooling, dense maps, normalisation, maximum length."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mtl.backbones.dense import DenseLayer, read_dense
from mtl.errors import BackboneError
from mtl.json_text import parse_json
from mtl.recipe.choices import Pooling

_MODES = {
    "cls": Pooling.CLS,
    "max": Pooling.MAX,
    "mean": Pooling.MEAN,
    "mean_sqrt_len_tokens": Pooling.MEAN_SQRT_LEN,
    "weightedmean": Pooling.WEIGHTED_MEAN,
    "lasttoken": Pooling.LAST_TOKEN,
}
_LEGACY = {
    "pooling_mode_cls_token": Pooling.CLS,
    "pooling_mode_max_tokens": Pooling.MAX,
    "pooling_mode_mean_tokens": Pooling.MEAN,
    "pooling_mode_mean_sqrt_len_tokens": Pooling.MEAN_SQRT_LEN,
    "pooling_mode_weightedmean_tokens": Pooling.WEIGHTED_MEAN,
    "pooling_mode_lasttoken": Pooling.LAST_TOKEN,
}


@dataclass(frozen=True, slots=True)
class SentenceConfig:
    """Settings of a sentence embedding; `None` where the folder does not say."""

    pooling: Pooling | None = None
    normalize: bool = False
    max_length: int | None = None
    lower_case: bool = False
    dense: tuple[DenseLayer, ...] = ()


def read_sentence_config(folder: Path) -> SentenceConfig:
    """Read `modules.json` and what it names; a plain Transformer folder says nothing.

    Raises:
        BackboneError: the model has modules other than Transformer, Pooling, Dense and Normalize, or in another order,
            or it joins poolings.
    """
    modules_file = folder / "modules.json"
    if not modules_file.is_file():
        return SentenceConfig()
    pooling: Pooling | None = None
    normalize = False
    dense: list[DenseLayer] = []
    for kind, path in _modules(modules_file):
        if kind == "Pooling":
            pooling = _pooling(_read(folder / path / "config.json"), folder)
        elif kind == "Dense" and pooling and not normalize:
            dense.append(read_dense(folder / path, _read(folder / path / "config.json")))
        elif kind == "Normalize":
            normalize = True
        elif kind != "Transformer":
            expected = "modules Transformer, Pooling, then any Dense, then Normalize were expected"
            raise BackboneError(f"{expected}, was {kind}", path=folder)
    transformer = _read(folder / "sentence_bert_config.json")
    return SentenceConfig(
        pooling,
        normalize,
        transformer.get("max_seq_length"),
        bool(transformer.get("do_lower_case", False)),
        tuple(dense),
    )


def _modules(file: Path) -> list[tuple[str, str]]:
    """Class name and folder of each module."""
    try:
        content = parse_json(file.read_text(encoding="utf-8"))
        return [(str(module["type"]).rsplit(".", 1)[-1], str(module["path"])) for module in content]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise BackboneError("a list of modules with type and path was expected", path=file) from error


def _pooling(config: dict[str, Any], folder: Path) -> Pooling:
    named = config.get("pooling_mode")
    modes = [_MODES[m] for m in ([named] if isinstance(named, str) else named or [])]
    modes = modes or [mode for key, mode in _LEGACY.items() if config.get(key)]
    if len(modes) > 1:
        raise BackboneError(f"one pooling was expected, it joins {', '.join(modes)}", path=folder)
    return modes[0] if modes else Pooling.MEAN


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackboneError("a JSON object was expected", path=path) from error
    if not isinstance(content, dict):
        raise BackboneError(f"a JSON object was expected, was {type(content).__name__}", path=path)
    return content
