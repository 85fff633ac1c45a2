"""The layer that new tagging heads read by default, and the anchor that goes with the layer that is read.

Tags that are read below the last layer leave that one free to keep the embedding, so the anchor can be strong
(`benchmarks/anchor.py`). Presets that do not train all layers from the first step on read the last layer.
"""

from mtl.distributed import world
from mtl.encoder import Encoder
from mtl.model import MultiTaskModel
from mtl.recipe.choices import BackboneFreezing, Preset, Schedule, TaskKind
from mtl.recipe.defaults import FULL_ANCHOR, LAST_LAYER_ANCHOR, MANY_ROWS, MANY_ROWS_ANCHOR
from mtl.recipe.schema import Recipe
from mtl.recipe.sections import FreezingConfig

_SHARE = 2 / 3  # of the layers


def default_layer(recipe: Recipe, encoder: Encoder) -> int | str:
    """What new tagging heads read where the recipe does not say it, as `HeadConfig.layers`.

    It is the last layer where a norm follows it (a stock token classifier could not be cut) or where processes hold
    parts of the encoder.
    """
    last = encoder.states_count - 1
    if not _trains_whole(recipe.freezing) or not recipe.anchor or encoder.parts().top or world().shards:
        return "last"
    layer = max(1, round(_SHARE * last))
    return layer if layer < last else "last"


def with_fitting_anchor(recipe: Recipe, model: MultiTaskModel, rows: int) -> Recipe:
    """The recipe with a weaker anchor, where nobody set one and tags are read from the last layer or rows are many.

    Args:
        recipe: of the run.
        model: what it starts from.
        rows: for training, of all tasks.
    """
    read = [
        name
        for name, task in recipe.tasks.items()
        if task.kind is TaskKind.TAGGING
        and model.tasks[name].head.layers in (None, "last", model.encoder.states_count - 1)
    ]
    if "anchor" in recipe.model_fields_set or recipe.anchor != FULL_ANCHOR:
        return recipe
    if read:
        why = f"anchor: {LAST_LAYER_ANCHOR:g}, since tags of {', '.join(read)} are read from the last layer"
        return recipe.settled(anchor=LAST_LAYER_ANCHOR).with_note(why)
    return recipe.settled(anchor=MANY_ROWS_ANCHOR) if rows >= MANY_ROWS else recipe


def _trains_whole(freezing: FreezingConfig) -> bool:
    """Whether all layers train from the first step on."""
    return (
        freezing.preset in (None, Preset.FULL, Preset.ONE_HEAD_FROZEN)
        and freezing.backbone in (None, BackboneFreezing.FULL)
        and freezing.layers is None
        and freezing.schedule is Schedule.CONSTANT
    )
