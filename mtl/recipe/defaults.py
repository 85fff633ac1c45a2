"""Learning rates and epochs by freezing choice.

Those of a frozen backbone are the best of the study in `docs/defaults.md`. Those of `last_layers` and `full` follow its
trials so far, which have not varied everything; `lora` has none yet.
"""

from dataclasses import dataclass

from mtl.recipe.choices import BackboneFreezing, Preset


@dataclass(frozen=True)
class Defaults:
    """What a recipe gets where it says nothing."""

    backbone_lr: float = 2.0e-4
    head_lr: float = 1.0e-3
    tagging_lr: float = 1.0e-3
    epochs: float = 5.0


_FULL = Defaults()
_LAST_LAYERS = Defaults(backbone_lr=4.0e-4, head_lr=3.0e-3, tagging_lr=3.0e-3, epochs=10.0)
_OF_BACKBONE = {
    BackboneFreezing.FROZEN: Defaults(tagging_lr=3.0e-2, epochs=20.0),
    BackboneFreezing.LAST_LAYERS: _LAST_LAYERS,
    BackboneFreezing.LORA: Defaults(backbone_lr=1.0e-3),
    BackboneFreezing.FULL: _FULL,
}
_OF_PRESET = {
    Preset.ALL_FROZEN: _OF_BACKBONE[BackboneFreezing.FROZEN],
    Preset.HEADS_ONLY: _OF_BACKBONE[BackboneFreezing.FROZEN],
    Preset.LAST_LAYERS: _LAST_LAYERS,
    Preset.LORA: _OF_BACKBONE[BackboneFreezing.LORA],
}


def defaults_of(preset: Preset | None, backbone: BackboneFreezing | None, layers: int | None) -> Defaults:
    """The defaults of a freezing choice; a preset that leaves the backbone open is told by `layers`."""
    if preset in _OF_PRESET:
        return _OF_PRESET[preset]
    if backbone is not None:
        return _OF_BACKBONE[backbone]
    return _LAST_LAYERS if layers is not None else _FULL
