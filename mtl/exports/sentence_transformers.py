"""`sentence-transformers`: the folder that `SentenceTransformer` loads, with the heads in a folder that it ignores."""

import json
from pathlib import Path

from safetensors.numpy import save_file

from mtl.backbones.dense import DenseActivation, DenseLayer
from mtl.backbones.source import BackboneSource, hash_weights
from mtl.checkpoint.config import HEADS_FOLDER
from mtl.checkpoint.sample import read_sample
from mtl.checkpoint.store import LoadedModel, Snapshot, save
from mtl.exports.card import write_card
from mtl.exports.encoder_files import load_tokenizer, write_encoder, write_tokenizer
from mtl.exports.report import ExportLog
from mtl.recipe.choices import LongTexts, Pooling

_MODES = {
    Pooling.CLS: "pooling_mode_cls_token",
    Pooling.MAX: "pooling_mode_max_tokens",
    Pooling.MEAN: "pooling_mode_mean_tokens",
    Pooling.MEAN_SQRT_LEN: "pooling_mode_mean_sqrt_len_tokens",
    Pooling.WEIGHTED_MEAN: "pooling_mode_weightedmean_tokens",
    Pooling.LAST_TOKEN: "pooling_mode_lasttoken",
}
"""The older names, which every version of the library reads."""
_USAGE = """from sentence_transformers import SentenceTransformer

SentenceTransformer("this/folder").encode(["A sentence."])"""


def write(loaded: LoadedModel, folder: Path, log: ExportLog) -> None:
    """Write the encoder as modules, and the heads relative to it."""
    encoder, config = loaded.model.encoder, loaded.tokenizer.config
    write_encoder(loaded, folder)
    write_tokenizer(load_tokenizer(loaded), folder)
    transformer = {"max_seq_length": config.max_length, "do_lower_case": config.lower_case}
    _write_json(folder / "sentence_bert_config.json", transformer)
    modules = ["Transformer", "Pooling", *["Dense"] * len(encoder.dense), *(["Normalize"] if encoder.normalize else [])]
    places = ["", *(f"{i}_{name}" for i, name in enumerate(modules) if i)]
    _write_json(
        folder / "modules.json",
        [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
            for i, (name, path) in enumerate(zip(modules, places, strict=True))
        ],
    )
    for path in places[1:]:
        (folder / path).mkdir()
    pooling = {"word_embedding_dimension": encoder.dimension}
    pooling |= {key: mode is encoder.pooling for mode, key in _MODES.items()}
    _write_json(folder / places[1] / "config.json", pooling)
    write_card(loaded, folder, library="sentence-transformers", pipeline="sentence-similarity", usage=_USAGE)
    for path, layer in zip(places[2:], encoder.dense, strict=False):
        _write_dense(folder / path, layer)
    if loaded.model.tasks:
        _write_heads(loaded, folder)
        log.note(f"sentence-transformers reads the embedding alone; mtl.Engine.load reads the heads in {HEADS_FOLDER}/")
    recipe = dict(loaded.config.recipe) if loaded.config else {}
    if recipe.get("long_texts", LongTexts.WINDOWS) == LongTexts.WINDOWS:
        log.note(f"sentence-transformers cuts a text at {config.max_length} tokens, Polyhead reads it in windows")


def _write_heads(loaded: LoadedModel, folder: Path) -> None:
    """Write a checkpoint of the heads alone, whose backbone is the folder around it."""
    own = BackboneSource(loaded.backbone.name.rsplit("/", 1)[-1], folder, hash_weights(folder), local=True)
    for parameter in loaded.model.encoder.parameters():
        parameter.requires_grad_(False)
    heads = LoadedModel(loaded.model, loaded.tokenizer, own, None, outside=loaded.outside)
    known = loaded.config
    sample = read_sample(loaded.folder, loaded.model.tasks) if loaded.folder else {}
    snapshot = Snapshot(
        step=known.step if known else 0,
        metrics=known.metrics if known else {},
        recipe=known.recipe if known else {},
        sample=sample,
    )
    save(heads, folder / HEADS_FOLDER, snapshot)


def _write_dense(folder: Path, layer: DenseLayer) -> None:
    weight, bias = layer.weight_and_bias()
    save_file({"linear.weight": weight, "linear.bias": bias}, folder / "model.safetensors")
    module = "linear.Identity" if layer.activation is DenseActivation.IDENTITY else f"activation.{layer.activation}"
    config = {"in_features": layer.inputs, "out_features": layer.outputs, "bias": True}
    _write_json(folder / "config.json", {**config, "activation_function": f"torch.nn.modules.{module}"})


def _write_json(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
