"""States of words mixed over the layers of an encoder, by the fastest backend that gives them."""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mtl.cache import ActivationKind, RaggedStore
from mtl.cache.filling import FeatureBackend, Passes
from mtl.checkpoint.store import LoadedModel
from mtl.encoder import ActivationCache, Encoder
from mtl.home import home
from mtl.inference.autotune.features import FEW_TOKENS, open_features
from mtl.inference.engine import Engine
from mtl.model import MultiTaskModel
from mtl.text.batching import Batch

_REST = 0.002  # of a state that is not in the middle


@dataclass(frozen=True)
class MixedStates:
    """Pooled vectors and mixed states of words `(B, 1 + W, H)`, from the states of all K layers by another backend."""

    backend: FeatureBackend
    mix: tuple[float, ...]

    @property
    def name(self) -> str:
        """As `FeatureBackend`."""
        return f"{self.backend.name} mixed {self.mix}"

    def features(self, batches: Iterable[Batch]) -> Passes:
        """As `FeatureBackend`."""
        weights = np.array(self.mix, dtype=np.float32)
        for batch, values in self.backend.features(batches):
            found = np.tensordot(weights, values.reshape(*values.shape[:2], len(weights), -1), axes=([0], [2]))
            size = found.shape[-1]
            found[:, 0] = values[:, 0, -size:]
            yield batch, found


@dataclass(frozen=True)
class TorchFeatures:
    """All states of an encoder by torch, in float32."""

    encoder: Encoder

    @property
    def name(self) -> str:
        """As `FeatureBackend`."""
        return "torch fp32"

    def features(self, batches: Iterable[Batch]) -> Passes:
        """As `FeatureBackend`."""
        layers = len(self.encoder.parts().layers)
        cache = ActivationCache(self.encoder, RaggedStore(home() / "cache", 0), ActivationKind.POOLED, layers)
        size = self.encoder.dimension * (self.encoder.states_count if self.encoder.gives_layers else 1)
        return cache.passes(batches, size=size)


def mixed_states(engine: Engine, *, tokens: int, mix: tuple[float, ...] | None = None) -> MixedStates:
    """What gives the states of words to be mixed.

    Args:
        engine: its encoder is loaded with torch.
        tokens: of all texts that are going to be read; few of them are not worth another backend.
        mix: the weight of each state of a token; None for `default_mix`.
    """
    loaded = with_layers(engine.loaded_model())
    encoder = loaded.model.encoder
    backend = open_features(loaded) if tokens >= FEW_TOKENS else None
    return MixedStates(backend or TorchFeatures(encoder), mix or default_mix(encoder.states_count))


def default_mix(states: int) -> tuple[float, ...]:
    """The weight of each of K states: equal ones for the middle third of the layers, hardly any for the others.

    Hardly any is not none, so that training which learns the mix can go on from it.

    On MiniLM the entities of uner_ewt and the slots of snips were found better from there than from all states, and far
    better than from the last.
    """
    layers = states - 1
    middle = range(round(layers / 3), round(2 * layers / 3) + 1)
    rest = _REST * (states - len(middle))
    return tuple((1 - rest) / len(middle) if state in middle else _REST for state in range(states))


def with_layers(loaded: LoadedModel) -> LoadedModel:
    """The encoder of a model, without heads, as one that gives the states of all layers; weights are shared."""
    encoder = copy.copy(loaded.model.encoder)
    model = MultiTaskModel(encoder, {}).eval()
    encoder.gives_layers = True
    return LoadedModel(model.requires_grad_(False), loaded.tokenizer, loaded.backbone, loaded.config, loaded.changed)
