"""Low-rank adapters in a backbone (Hu et al. 2021), by peft."""

from collections.abc import Iterator

import torch
from torch import nn

from mtl.encoder import Encoder

_SCALE = 2  # lora_alpha over rank
_MARK = ".lora_"
_WRAPPED = ".base_layer."  # peft moves a map and its parameters below this name when an adapter is put beside it


def add_adapters(encoder: Encoder, *, rank: int) -> None:
    """Put an adapter beside every linear map of the layers, in place; a new adapter changes no output."""
    from peft import LoraConfig, inject_adapter_in_model

    layers = [id(module) for layer in encoder.parts().layers for module in layer.modules()]
    names = [n for n, m in encoder.model.named_modules() if isinstance(m, nn.Linear) and id(m) in set(layers)]
    config = LoraConfig(r=rank, lora_alpha=_SCALE * rank, lora_dropout=0.0, target_modules=names)
    inject_adapter_in_model(config, encoder.model)
    encoder.adapter_rank = rank


@torch.no_grad()
def merge_adapters(encoder: Encoder) -> None:
    """Add what the adapters learned to the weights beside them and take the adapters out, in place."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    if encoder.adapter_rank is None:
        return
    adapted = [(name, m) for name, m in encoder.model.named_modules() if isinstance(m, BaseTunerLayer)]
    for name, module in adapted:
        module.merge()
        encoder.model.set_submodule(name, module.get_base_layer())
    encoder.adapter_rank = None


def adapter_parameters(encoder: Encoder) -> Iterator[nn.Parameter]:
    """The parameters of the adapters alone."""
    for name, parameter in encoder.model.named_parameters():
        if _MARK in name:
            yield parameter


def plain_name(name: str) -> str:
    """A parameter's name as it is without adapters; the parameters of adapters keep theirs."""
    return name.replace(_WRAPPED, ".")
