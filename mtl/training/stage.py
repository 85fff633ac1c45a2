"""One stage of a run: what is frozen, and the cached activations of what lies below."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mtl.cache import ActivationKind, CachedActivations, RaggedRows, RaggedStore
from mtl.checkpoint.store import LoadedModel
from mtl.distributed import world
from mtl.encoder import ActivationCache
from mtl.errors import BackboneError, StorageError
from mtl.evaluation import metrics_of, with_temperature, with_thresholds
from mtl.freezing import FreezePlan, Freezer
from mtl.home import home
from mtl.inference.autotune.choice import MIN_COSINE
from mtl.inference.autotune.features import FEW_TOKENS, open_features
from mtl.inference.backends import InferencePrecision
from mtl.recipe.choices import Precision
from mtl.recipe.schema import Recipe
from mtl.text.tokenized import TokenizedTexts
from mtl.training.data import DevSet, TrainingData
from mtl.training.forward import run_model, run_uncalibrated
from mtl.training.precision import FEW_PARAMETERS
from mtl.training.summarizing import KnownActivations

_DRIFT = ""  # the drift sample among the dev sets; no task has this name


@dataclass(frozen=True)
class StageState:
    """What holds during a stage; each stage gets a new state. `cache` is None where every pass runs the whole model."""

    recipe: Recipe
    loaded: LoadedModel
    data: TrainingData
    freezer: Freezer
    cache: ActivationCache | None
    notices: list[str] = field(default_factory=list, compare=False)
    """Of the run, which gets those of how activations are computed."""

    @cached_property
    def train(self) -> Mapping[str, CachedActivations | None]:
        """By task the activations of the training texts, computed when they are first read."""
        if self.cache is None:
            return dict.fromkeys(self.data.train)
        trains = self.loaded.model.training
        self.loaded.model.eval()
        texts = {name: examples.texts for name, examples in self.data.train.items()}
        found = cached(self.cache, texts, self.for_train)
        if trains:  # they are read in the first step
            self.freezer.train()
        return found

    def pooled(self, name: str) -> RaggedRows:
        """What heads read of a frozen backbone, of a train set: from the cache, or in memory where it has no room."""
        found = self.train[name]
        if found is None:
            cache = self.cache or whole_backbone(self.recipe, self.loaded, precision=Precision.FP32)
            self.loaded.model.eval()
            found = self.for_train(cache).in_memory(self.data.train[name].texts)
        return found.rows

    @cached_property
    def _dev(self) -> Mapping[str, CachedActivations | None]:
        texts = {**{name: dev.texts for name, dev in self.data.dev.items()}, _DRIFT: self.data.sample.texts}
        if self.cache is None:
            return dict.fromkeys(texts)
        self.loaded.model.eval()
        return cached(self.cache, texts, self.for_dev)

    @property
    def known(self) -> KnownActivations:
        """What this stage has computed already of texts that a frozen backbone reads; nothing is computed now."""
        if self.cache is None or self.cache.kind is not ActivationKind.POOLED:
            return KnownActivations()
        computed = vars(self)  # where cached properties are, once they were read
        return KnownActivations(computed.get("train", {}), computed.get("_dev", {}))

    def for_train(self, cache: ActivationCache) -> ActivationCache:
        """The cache for texts that train: what heads read of a frozen backbone comes from the fastest backend.

        Where the recipe asks for fp32 that backend computes in fp32.
        """
        tokens = sum(examples.tokens for examples in self.data.train.values())
        parameters = sum(p.numel() for p in cache.encoder.parameters())
        if cache.kind is not ActivationKind.POOLED or tokens < FEW_TOKENS or parameters < FEW_PARAMETERS:
            return cache
        asked = "precision" in self.recipe.model_fields_set and self.recipe.precision == "fp32"
        backend = open_features(self.loaded, exact=asked)
        if backend is None or (backend.precision is InferencePrecision.FP32 and cache.precision is not Precision.FP32):
            return cache
        self.notices.append(
            f"{backend.name} computes the cached activations of the training texts, with a cosine of at least "
            f"{MIN_COSINE} with those of torch in fp32"
        )
        return replace(cache, backend=backend)

    @staticmethod
    def for_dev(cache: ActivationCache) -> ActivationCache:
        """The cache for texts that are evaluated: as exact as a pass, so that figures are those of `mtl evaluate`."""
        return replace(cache, precision=Precision.FP32, exact=True, backend=None)

    def evaluate(self) -> dict[str, float]:
        """Every metric of every dev set, `eval/<task>/<metric>`, and those of the embedding; in full precision.

        The model's tasks get the temperature that fits their dev sets now, and multi-label tasks the thresholds, but
        for those that never change.
        """
        metrics: dict[str, float] = {}
        for name, dev in self.data.dev.items():
            metrics |= {f"eval/{name}/{metric}": value for metric, value in self._measure(name, dev).items()}
        sample = self.data.sample
        embeddings = run_model(self.loaded, sample.texts, cached=self._dev[_DRIFT], shared=True).embeddings
        return metrics | {f"eval/embedding/{metric}": value for metric, value in sample.metrics(embeddings).items()}

    def _measure(self, name: str, dev: DevSet) -> dict[str, float]:
        """Every metric of a task, at the temperature and with the thresholds that fit its dev set now."""
        tasks, config = self.loaded.model.tasks, self.loaded.config
        changes = self.freezer.plan.backbone_trains or name not in self.freezer.plan.frozen_heads
        known = config.tasks.get(name) if config is not None else None
        # A frozen head gets a temperature if it has none, unless it has thresholds, which would choose other labels.
        if changes or known is None or (known.temperature == 1 and not known.thresholds):
            raw = run_uncalibrated(self.loaded, dev.texts, name, cached=self._dev[name])
            fitted = with_temperature(tasks[name], dev.examples, raw, fits=dev.unseen)
            tasks[name], output = fitted.task, fitted.output
        else:
            output = run_model(self.loaded, dev.texts, tasks=(name,), cached=self._dev[name], shared=True)
        if changes or not tasks[name].thresholds:
            tasks[name] = with_thresholds(tasks[name], dev.examples, output)
        return metrics_of(tasks[name], dev.examples, output)


def activation_cache(
    recipe: Recipe, loaded: LoadedModel, plan: FreezePlan, *, precision: Precision
) -> ActivationCache | None:
    """The cache of what a plan freezes, or None where nothing is frozen or kept.

    There is none for a backbone that cannot be cut or is held in parts, nor where layers that a head mixes train.
    """
    encoder = loaded.model.encoder
    below = plan.frozen_below(len(encoder.parts().layers))
    if below == 0 or not recipe.cache.enabled or world().shards:
        return None
    if not plan.backbone_trains:
        return whole_backbone(recipe, loaded, precision=precision)
    if encoder.gives_layers:
        return None
    try:
        encoder.cut(below)
    except BackboneError:
        return None
    return ActivationCache(encoder, _store(recipe), ActivationKind.LAYER, below, precision)


def whole_backbone(recipe: Recipe, loaded: LoadedModel, *, precision: Precision) -> ActivationCache:
    """The cache of a backbone that is frozen whole."""
    encoder = loaded.model.encoder
    return ActivationCache(encoder, _store(recipe), ActivationKind.POOLED, len(encoder.parts().layers), precision)


def anchors_of(
    recipe: Recipe, untouched: LoadedModel, texts: TokenizedTexts
) -> NDArray[np.float16] | NDArray[np.float32]:
    """The pooled vectors `(K, H)` of windows by the untouched backbone, from the cache where it is enabled."""
    untouched.model.eval()
    cache, bare = whole_backbone(recipe, untouched, precision=Precision.FP32), texts.without_words()
    found = cached(cache, {"": bare})[""] if recipe.cache.enabled and not world().shards else None
    return (found or cache.in_memory(bare)).rows.values


def cached(
    cache: ActivationCache,
    texts: Mapping[str, TokenizedTexts],
    chosen: Callable[[ActivationCache], ActivationCache] = lambda cache: cache,
) -> dict[str, CachedActivations | None]:
    """The activations of several texts, as a call of the cache gives them.

    Of several processes the main one fills the cache and the others read it.

    Args:
        cache: of the stage.
        texts: by name.
        chosen: gives the cache that fills, such as one with another backend.

    Raises:
        StorageError: another process does not see what the main one has written.
    """

    def fill() -> dict[str, str | None]:
        filling = chosen(cache)
        return {name: filling.fill(one) for name, one in texts.items()}

    everyone = world()
    keys = everyone.first(fill)
    with everyone.together():
        found = {name: None if key is None else cache.open(key) for name, key in keys.items()}
        if everyone.size > 1 and any(found[name] is None for name, key in keys.items() if key is not None):
            message = "a cache that every process sees was expected ($MTL_HOME on a file system that machines share)"
            raise StorageError(f"{message}, the entries of the main process are not here", path=cache.store.folder)
    return found


def _store(recipe: Recipe) -> RaggedStore:
    return RaggedStore(home() / "cache", int(recipe.cache.max_gb * 1e9))
