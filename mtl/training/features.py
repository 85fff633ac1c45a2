"""What is computed once of a frozen lower part: states at the boundary, or summaries of a backbone frozen whole."""

from mtl.cache import RaggedStore
from mtl.checkpoint import LoadedModel
from mtl.encoder.frozen import FrozenStates
from mtl.encoder.summaries import FrozenSummaries
from mtl.errors import BackboneError
from mtl.freezing import FreezePlan
from mtl.recipe.choices import Precision
from mtl.recipe.schema import Recipe
from mtl.runs.folder import home

FrozenFeatures = FrozenStates | FrozenSummaries


def frozen_features(
    recipe: Recipe, loaded: LoadedModel, plan: FreezePlan, *, precision: Precision
) -> FrozenFeatures | None:
    """How texts get them under a plan, or None where nothing is frozen or kept.

    A backbone that cannot be cut, or whose layers a head mixes while some of them train, starts from the bottom.
    """
    encoder = loaded.model.encoder
    below = plan.frozen_below(len(encoder.parts().layers))
    if below == 0 or not recipe.cache.enabled:
        return None
    if not plan.backbone_trains:
        return whole_backbone(recipe, loaded, precision=precision)
    if encoder.gives_layers:
        return None
    try:
        encoder.cut(below)
    except BackboneError:
        return None
    return FrozenStates(encoder, loaded.tokenizer, below, _store(recipe), precision)


def whole_backbone(recipe: Recipe, loaded: LoadedModel, *, precision: Precision) -> FrozenSummaries:
    """Summaries by the backbone as it is now."""
    return FrozenSummaries(loaded.model.encoder, loaded.tokenizer, _store(recipe), precision)


def _store(recipe: Recipe) -> RaggedStore:
    return RaggedStore(home() / "cache", int(recipe.cache.max_gb * 1e9))
