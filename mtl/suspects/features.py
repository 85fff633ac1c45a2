"""What an untouched backbone gives for texts and their words, as the input of held-out heads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from mtl.cache import ActivationKind, RaggedStore
from mtl.checkpoint.store import LoadedModel, build
from mtl.data import TaggedText
from mtl.decoding.probabilities import Floats
from mtl.device import best_device
from mtl.encoder import ActivationCache, load_backbone
from mtl.home import home
from mtl.inference.autotune.features import FEW_TOKENS, open_features
from mtl.inference.known_reading import with_known_texts
from mtl.inference.source import find_model
from mtl.recipe import Recipe
from mtl.text import word_offsets
from mtl.text.batching import Integers
from mtl.text.tokenized import TokenizedTexts


@dataclass(frozen=True)
class WordFeatures:
    """The states `(W, H)` of the words of all texts, and how many words of each text were read `(N,)`."""

    values: Floats
    counts: Integers


def load_untouched(recipe: Recipe) -> LoadedModel:
    """The backbone of a recipe without any training: a trained encoder has seen the labels that it would judge.

    It reads texts as the run does.

    Raises:
        MtlError: it cannot be loaded.
    """
    recipe, source = with_known_texts(recipe), find_model(recipe.backbone)
    known = source.config
    pooling = recipe.pooling or (known.pooling if known else None)
    max_length = recipe.max_length or (known.max_length if known else None)
    loaded = build(load_backbone(source.backbone, pooling=pooling, max_length=max_length), {})
    loaded = replace(loaded, tokenizer=loaded.tokenizer.with_long_texts(recipe.long_texts))
    loaded.model.to(best_device()).eval()
    return loaded


def text_features(loaded: LoadedModel, texts: Sequence[str]) -> Floats:
    """The embedding `(N, H)` of each text, of length sqrt(H)."""
    tokenized = loaded.tokenizer.store(texts)
    pooled = _states(loaded, tokenized)
    owner = np.repeat(np.arange(len(texts)), tokenized.window_counts)
    values = np.zeros((len(texts), pooled.shape[1]), dtype=np.float32)
    np.add.at(values, owner, pooled * tokenized.shares[:, None])
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    found: Floats = values * (np.sqrt(values.shape[1]) / np.maximum(lengths, 1e-6)).astype(np.float32)
    return found


def word_features(loaded: LoadedModel, examples: Sequence[TaggedText]) -> WordFeatures:
    """The states of the words' first tokens, each number scaled to mean 0 and variance 1."""
    texts = loaded.tokenizer.store([e.text for e in examples], [word_offsets(e.worded.words) for e in examples])
    counts = texts.word_counts
    firsts = np.concatenate([[0], np.cumsum(counts + 1)[:-1]])  # of each window the pooled vector
    values = np.delete(_states(loaded, texts), firsts, axis=0)
    values -= values.mean(axis=0)
    values /= values.std(axis=0) + 1e-6
    read = np.concatenate([[0], np.cumsum(counts)])
    return WordFeatures(values, read[texts.sentences[:, 1]] - read[texts.sentences[:, 0]])


def _states(loaded: LoadedModel, texts: TokenizedTexts) -> Floats:
    encoder = loaded.model.encoder
    few = int(texts.lengths.sum()) < FEW_TOKENS
    cache = ActivationCache(
        encoder,
        RaggedStore(home() / "cache", 0),
        ActivationKind.POOLED,
        len(encoder.parts().layers),
        backend=None if few else open_features(loaded),
    )
    return np.asarray(cache.in_memory(texts).rows.values, dtype=np.float32)
