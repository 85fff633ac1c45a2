"""The freezing step as a value: the choice, what trains under it, and the effect of a click on a block."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from mtl.recipe import Preset

EMBEDDINGS = "embeddings"
_LAYER, _HEAD = "layer:", "head:"
_BY_DEPTH = (Preset.ONE_HEAD_FROZEN, Preset.PROBE_THEN_FINETUNE, Preset.GRADUAL)
"""Presets for which the depth of training is a choice."""


@dataclass(frozen=True, slots=True)
class Freezing:
    """A preset and its details; `everything` and `layers` (from the top) apply if the preset does not set them."""

    preset: Preset
    layers: int = 2
    everything: bool = True
    frozen_heads: tuple[str, ...] = ()

    @property
    def has_depth(self) -> bool:
        """Whether `everything` is a choice with this preset."""
        return self.preset in _BY_DEPTH

    @property
    def has_layers(self) -> bool:
        """Whether the number of layers is a choice."""
        return self.preset is Preset.LAST_LAYERS or (self.has_depth and not self.everything)

    @property
    def trains_embeddings(self) -> bool:
        """Whether the embeddings train, and so every layer."""
        return self.preset is Preset.FULL or (self.has_depth and self.everything)

    @property
    def has_adapters(self) -> bool:
        """Whether low-rank adapters train on frozen layers."""
        return self.preset is Preset.LORA

    @property
    def trains_later(self) -> bool:
        """Whether only the heads train at first."""
        return self.preset in (Preset.PROBE_THEN_FINETUNE, Preset.GRADUAL)

    def trained_layers(self, depth: int) -> int:
        """The number of layers that train, of `depth`, from the top."""
        if self.trains_embeddings:
            return depth
        return min(self.layers, depth) if self.has_layers else 0

    def is_frozen(self, head: str) -> bool:
        """Whether a head is frozen."""
        return self.preset is Preset.ALL_FROZEN or head in self.frozen_heads

    def config(self, heads: Sequence[str]) -> dict[str, Any]:
        """The recipe's `freezing` for these heads."""
        content: dict[str, Any] = {"preset": str(self.preset)}
        if self.has_layers:
            content["layers"] = self.layers
        frozen = [head for head in self.frozen_heads if head in heads]
        if frozen and self.preset is not Preset.ALL_FROZEN:
            content["frozen_heads"] = frozen
        return content


def pressed(choice: Freezing, block: str, *, depth: int, heads: Sequence[str]) -> Freezing:
    """The choice after a click on a block of the picture.

    A head is frozen or unfrozen. A layer becomes the lowest one that trains; if it already is, it is frozen. The
    embeddings are frozen or unfrozen; while they train, all layers train.
    """
    if block.startswith(_HEAD):
        return _with_lock_turned(choice, block.removeprefix(_HEAD), heads)
    if block == EMBEDDINGS:
        return _to_depth(choice, depth) if choice.trains_embeddings else _to_everything(choice)
    number = block.removeprefix(_LAYER)
    if not (block.startswith(_LAYER) and number.isdecimal() and 1 <= int(number) <= depth):
        return choice
    count = depth - int(number) + 1
    is_lowest = not choice.trains_embeddings and choice.trained_layers(depth) == count
    return _to_depth(choice, count - is_lowest)


def one_head(choice: Freezing, heads: Sequence[str]) -> Freezing:
    """The choice limited to existing heads, with exactly one frozen if the preset requires one."""
    kept = tuple(head for head in choice.frozen_heads if head in heads)
    if choice.preset is Preset.ONE_HEAD_FROZEN and len(kept) != 1:
        kept = (*kept, *heads)[:1]
    return replace(choice, frozen_heads=kept)


def _with_lock_turned(choice: Freezing, head: str, heads: Sequence[str]) -> Freezing:
    if head not in heads:
        return choice
    was = set(heads) if choice.preset is Preset.ALL_FROZEN else set(choice.frozen_heads)
    now = tuple(name for name in heads if (name in was) != (name == head))
    if choice.preset in (Preset.ALL_FROZEN, Preset.HEADS_ONLY):
        everything = len(now) == len(heads)
        preset = Preset.ALL_FROZEN if everything else Preset.HEADS_ONLY
        return replace(choice, preset=preset, frozen_heads=() if everything else now)
    if choice.preset is Preset.ONE_HEAD_FROZEN and len(now) != 1:
        preset = Preset.FULL if choice.everything else Preset.LAST_LAYERS
        return replace(choice, preset=preset, frozen_heads=now)
    return replace(choice, frozen_heads=now)


def _to_everything(choice: Freezing) -> Freezing:
    return replace(choice, everything=True) if choice.has_depth else replace(choice, preset=Preset.FULL)


def _to_depth(choice: Freezing, layers: int) -> Freezing:
    if layers == 0:
        return replace(choice, preset=Preset.HEADS_ONLY)
    preset = choice.preset if choice.has_depth else Preset.LAST_LAYERS
    return replace(choice, preset=preset, layers=layers, everything=False)
