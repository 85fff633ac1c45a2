"""The boundary between a frozen lower part of a backbone and what trains above it.

Below the lowest trained layer nothing changes during a run, so its output can be computed once. `lower` gives the
hidden states that enter the first layer above the cut; `upper` goes on from them. `upper` runs the model's own forward
with the layers below replaced by ones that leave the states alone, so masks, rotary and relative positions are the
model's own.
"""

import copy
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from mtl.encoder.parts import parts_of, stack_name
from mtl.errors import BackboneError

Inputs = Mapping[str, Tensor]
_PROBE_TOKENS, _PROBE_IDS = 8, 5
_TOLERANCE = 1e-2  # of what the two parts give; accelerators round products of matrices


class Boundary:
    """A cut through a backbone.

    Args:
        model: the backbone; its layers are shared with the part above the cut, not copied.
        below: how many layers lie under the cut; all of them puts the cut at the last hidden state.

    Raises:
        BackboneError: the two parts do not give what the model gives whole.
    """

    def __init__(self, model: PreTrainedModel, *, below: int) -> None:
        layers = parts_of(model).layers
        self.below = below
        self._model = model
        self._first = layers[below] if below < len(layers) else None
        self._entry = _Entry(self._first) if self._first is not None else None
        self._upper = _shortened(model, below, self._entry) if self._entry is not None else None
        self._check()

    def lower(self, inputs: Inputs) -> Tensor:
        """The states `(B, T, H)` at the cut, without gradients."""
        with torch.no_grad():
            if self._first is None:
                states: Tensor = self._model(**inputs).last_hidden_state
                return states
            return _states_entering(self._first, self._model, inputs)

    def upper(self, inputs: Inputs, states: Tensor) -> Tensor:
        """The last hidden state `(B, T, H)` from the states at the cut; `inputs` give masks and positions."""
        if self._upper is None or self._entry is None:
            return states
        self._entry.states = states
        try:
            hidden: Tensor = self._upper(**inputs).last_hidden_state
        finally:
            self._entry.states = None
        return hidden

    def _check(self) -> None:
        """Try the cut on a padded batch.

        A layer may need more of those below than their states: the first of T5 makes the position bias of all.
        """
        ids = torch.arange(2 * _PROBE_TOKENS, device=self._model.device).view(2, -1) % _PROBE_IDS
        mask = torch.ones_like(ids)
        mask[1, _PROBE_TOKENS // 2 :] = 0
        inputs = {"input_ids": ids, "attention_mask": mask}
        with torch.no_grad():
            whole: Tensor = self._model(**inputs).last_hidden_state
            parts = self.upper(inputs, self.lower(inputs))
        if not torch.allclose(parts[mask == 1], whole[mask == 1], rtol=_TOLERANCE, atol=_TOLERANCE):
            raise BackboneError(
                f"{type(self._model).__name__}: layers that pass on hidden states alone were expected, it cannot be cut"
            )


class _Reached(Exception):  # noqa: N818
    """Ends a forward pass where the states at the cut are known."""

    def __init__(self, states: Tensor) -> None:
        super().__init__()
        self.states = states


class _Entry(nn.Module):
    """The first layer above the cut, fed with given states instead of its input."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self._wrapped = (layer,)  # in a tuple it is no submodule: its parameters keep their one name
        self.states: Tensor | None = None  # taken by the first call: some models run one layer several times
        for name in ("attention_type",):  # what an encoder may read of a layer from outside
            if hasattr(layer, name):
                setattr(self, name, getattr(layer, name))

    def forward(self, hidden: Tensor, *args: object, **kwargs: object) -> object:
        """Run the layer on the given states."""
        states, self.states = self.states, None
        return self._wrapped[0](hidden if states is None else states, *args, **kwargs)


class _Skipped(nn.Module):
    """Stands for a layer below the cut: passes its input on in the form that the layer's output has."""

    def __init__(self, layer: nn.Module, outputs: int | None) -> None:
        super().__init__()
        self._outputs = outputs
        if hasattr(layer, "attention_type"):
            self.attention_type = layer.attention_type

    def forward(self, hidden: Tensor, *_args: object, **_kwargs: object) -> object:
        """The input, alone or at the head of a tuple."""
        return hidden if self._outputs is None else (hidden, *[None] * (self._outputs - 1))


def _states_entering(layer: nn.Module, model: PreTrainedModel, inputs: Inputs) -> Tensor:
    def reached(_module: nn.Module, args: tuple[Tensor, ...], kwargs: dict[str, Tensor]) -> None:
        raise _Reached(args[0] if args else kwargs["hidden_states"])

    hook = layer.register_forward_pre_hook(reached, with_kwargs=True)
    try:
        model(**inputs)
    except _Reached as end:
        return end.states
    finally:
        hook.remove()
    raise AssertionError("a forward pass runs every layer")


def _shortened(model: PreTrainedModel, below: int, entry: _Entry) -> nn.Module:
    """The model with the layers below the cut replaced, sharing everything else."""
    layers = parts_of(model).layers
    outputs = _output_form(model, layers[0])
    stack = nn.ModuleList([*(_Skipped(layer, outputs) for layer in layers[:below]), entry, *layers[below + 1 :]])
    *path, last = stack_name(model).split(".")
    root = place = _shallow(model)
    for name in path:
        child = _shallow(place._modules[name])
        place._modules[name] = child
        place = child
    place._modules[last] = stack
    return root


def _shallow(module: nn.Module | None) -> nn.Module:
    assert module is not None
    clone = copy.copy(module)
    clone._modules = dict(module._modules)
    return clone


def _output_form(model: PreTrainedModel, layer: nn.Module) -> int | None:
    """How many values the layer returns as a tuple, or None for a bare tensor."""
    found: list[int | None] = []

    def note(_module: nn.Module, _args: object, output: object) -> None:
        found.append(len(output) if isinstance(output, tuple) else None)

    hook = layer.register_forward_hook(note)
    try:
        with torch.no_grad():
            model(input_ids=torch.zeros((1, 2), dtype=torch.long, device=model.device))
    finally:
        hook.remove()
    if not found:
        raise BackboneError(f"{type(model).__name__}: layers that run as modules were expected, it cannot be cut")
    return found[0]
