"""Texts as a backbone reads them."""

from collections.abc import Sequence

from mtl.checkpoint.store import LoadedModel
from mtl.encoder import LoadedBackbone, TokenBatch, token_batch
from mtl.text import SplitWords
from tests.tiny import MAX_TOKENS


def batch_of(backbone: LoadedBackbone | LoadedModel, texts: Sequence[str]) -> TokenBatch:
    """A batch with the first window of each text and its words."""
    found = backbone.tokenizer(texts, SplitWords(texts))
    return token_batch(found.batch(found.passages[:, 0]))


LONG = "doctor " * (3 * MAX_TOKENS)
