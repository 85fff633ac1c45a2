"""The parts of any backbone from bottom to top: embeddings, layers, and what follows the last layer."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn
from transformers import PreTrainedModel

from mtl.errors import BackboneError


@dataclass(frozen=True)
class BackboneParts:
    """Modules by their place; what all layers share (relative positions) belongs to the bottom."""

    bottom: tuple[nn.Module, ...]
    layers: tuple[nn.Module, ...]
    top: tuple[nn.Module, ...]


_STACK_NAMES = ("layer", "layers", "block", "albert_layer_groups")
_TOP_NAMES = ("final_norm", "final_layer_norm", "norm_f")


def parts_of(model: PreTrainedModel) -> BackboneParts:
    """Find the stack of layers and sort everything else that has parameters below or above it.

    Raises:
        BackboneError: the model has no single stack of layers, so it is no plain encoder.
    """
    name, stack = _stack(model)
    found = {tuple(map(id, module.parameters())): (name, module) for name, module in _outside(model, name, "")}
    rest = found.values()  # tied embeddings once
    top = tuple(module for name, module in rest if name.rsplit(".", 1)[-1] in _TOP_NAMES)
    bottom = tuple(module for name, module in rest if name.rsplit(".", 1)[-1] not in _TOP_NAMES)
    return BackboneParts(bottom, tuple(stack), top)


def stack_name(model: PreTrainedModel) -> str:
    """The path of the module list that holds the layers; errors as `parts_of`."""
    return _stack(model)[0]


def _stack(model: PreTrainedModel) -> tuple[str, nn.ModuleList]:
    wanted = int(getattr(model.config, "num_hidden_groups", 0) or model.config.num_hidden_layers)
    stacks: list[tuple[str, nn.ModuleList]] = []
    for name, module in model.named_modules():
        inner = any(name.startswith(f"{outer}.") for outer, _ in stacks)  # a layer of T5 has a list of its own
        if isinstance(module, nn.ModuleList) and name.rsplit(".", 1)[-1] in _STACK_NAMES and not inner:
            stacks += [(name, module)] if len(module) == wanted else []
    if len(stacks) != 1:
        raise BackboneError(
            f"{type(model).__name__}: one stack of {wanted} layers was expected, were {len(stacks)}; "
            "only encoders can be backbones"
        )
    return stacks[0]


def _outside(module: nn.Module, stack: str, prefix: str) -> Iterator[tuple[str, nn.Module]]:
    """Largest modules with parameters that do not contain the stack."""
    for name, child in module.named_children():
        path = f"{prefix}{name}"
        if path == stack:
            continue
        if stack.startswith(f"{path}."):
            yield from _outside(child, stack, f"{path}.")
        elif any(True for _ in child.parameters()):
            yield path, child
