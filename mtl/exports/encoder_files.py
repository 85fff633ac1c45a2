"""The files of an encoder and its tokenizer, as transformers reads them."""

import json
from pathlib import Path

from safetensors import safe_open
from torch import Tensor
from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from mtl.backbones import BackboneSource
from mtl.checkpoint.store import LoadedModel
from mtl.text.typed_specials import read_specials_as_text

_POOLER = "pooler."


def write_encoder(loaded: LoadedModel, folder: Path) -> None:
    """Write `config.json` and the weights in float32, with the pooler of the backbone, which nothing here reads."""
    save_model(loaded.model.encoder.model, folder, further=_pooler(loaded.backbone))


def save_model(model: PreTrainedModel, folder: Path, *, further: dict[str, Tensor] | None = None) -> None:
    """Write a model in one safetensors file, with further tensors beside its own."""
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    model.save_pretrained(folder, state_dict={**state, **(further or {})}, max_shard_size="1TB")


def load_tokenizer(loaded: LoadedModel) -> PreTrainedTokenizerBase:
    """The backbone's tokenizer with the limits of the model; it does not make texts lower case by itself."""
    tokenizer = AutoTokenizer.from_pretrained(loaded.backbone.folder, use_fast=True, trust_remote_code=False)
    tokenizer.model_max_length = loaded.tokenizer.max_length
    tokenizer.padding_side = tokenizer.truncation_side = "right"
    read_specials_as_text(tokenizer.backend_tokenizer)
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    return tokenizer


def write_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a tokenizer that reads special tokens in a text as the text that they are, as Polyhead does."""
    tokenizer.save_pretrained(folder)
    file = folder / "tokenizer_config.json"
    content = json.loads(file.read_text(encoding="utf-8")) | {"split_special_tokens": True}
    file.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _pooler(source: BackboneSource) -> dict[str, Tensor]:
    found = {}
    for file in sorted(source.folder.glob("model*.safetensors")):
        with safe_open(file, "pt") as tensors:
            for name in tensors.keys():  # noqa: SIM118
                before, pooler, after = name.rpartition(_POOLER)
                if pooler and before.count(".") == (1 if before else 0):
                    found[pooler + after] = tensors.get_tensor(name).float()
    return found
