"""Learning rates, epochs and anchor by freezing choice, from the studies `benchmarks/defaults.py` and `anchor.py`.

Each is the best of its preset's trials at 512 tokens a batch, but for `lora`: the best rate at five epochs, 3e-3, came
apart with one seed of two in smaller batches, so it gets the next lower one and ten epochs, which is better still. For
all that train layers 256 tokens are a little better and slower, so 512 is kept.

The anchor of `full` is for tags that are read below the last layer, as they are by default. Where they are read from
it, the anchor is `LAST_LAYER_ANCHOR`: the largest weight tried with which tasks lost about half a point at most. Many
train rows hold the embedding at more places, so a weaker anchor does: `MANY_ROWS_ANCHOR`, which costs tags less.
"""

from dataclasses import dataclass

from mtl.recipe.choices import BackboneFreezing, Preset

LAST_LAYER_ANCHOR, FULL_ANCHOR = 0.1, 1.0
MANY_ROWS_ANCHOR, MANY_ROWS = 0.3, 1_000
"""That of `full` from so many train rows of all tasks on."""


@dataclass(frozen=True)
class Defaults:
    """Values of the keys that a recipe does not set."""

    backbone_lr: float = 1.0e-4
    head_lr: float = 1.0e-3
    tagging_lr: float = 1.0e-2
    epochs: float = 5.0
    anchor: float = LAST_LAYER_ANCHOR


_FULL = Defaults(anchor=FULL_ANCHOR)
_LAST_LAYERS = Defaults(backbone_lr=4.0e-4, head_lr=3.0e-3, tagging_lr=3.0e-3, epochs=10.0, anchor=0.3)
_OF_BACKBONE = {
    BackboneFreezing.FROZEN: Defaults(tagging_lr=3.0e-2, epochs=20.0, anchor=0.0),
    BackboneFreezing.LAST_LAYERS: _LAST_LAYERS,
    BackboneFreezing.LORA: Defaults(backbone_lr=1.0e-3, epochs=10.0),
    BackboneFreezing.FULL: _FULL,
}
_OF_PRESET = {
    Preset.ALL_FROZEN: _OF_BACKBONE[BackboneFreezing.FROZEN],
    Preset.HEADS_ONLY: _OF_BACKBONE[BackboneFreezing.FROZEN],
    Preset.LAST_LAYERS: _LAST_LAYERS,
    Preset.LORA: _OF_BACKBONE[BackboneFreezing.LORA],
}
_OF_STAGES = {
    Preset.PROBE_THEN_FINETUNE: Defaults(backbone_lr=2.0e-4),
    Preset.GRADUAL: Defaults(backbone_lr=4.0e-4),
}


def defaults_of(preset: Preset | None, backbone: BackboneFreezing | None, layers: int | None) -> Defaults:
    """The defaults of a freezing choice; where a preset leaves the backbone open, `layers` decides."""
    if preset in _OF_PRESET:
        return _OF_PRESET[preset]
    if preset in _OF_STAGES and layers is None:
        return _OF_STAGES[preset]
    if backbone is not None:
        return _OF_BACKBONE[backbone]
    return _LAST_LAYERS if layers is not None else _FULL
