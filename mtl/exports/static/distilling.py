"""A static embedding: one vector for each token, the mean of which embeds a text (Model2Vec, Minish Lab 2024).

The method is that of the package `model2vec`, whose own program for it needs an older version of transformers: each
token goes through the encoder alone, principal components keep what differs most, and frequent tokens count less
(Arora et al. 2017, section 3), their frequency being estimated from their place in the vocabulary by Zipf's law.
"""

import re
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from tokenizers import Tokenizer

from mtl.checkpoint.store import LoadedModel
from mtl.decoding.probabilities import Floats
from mtl.encoder import TokenBatch
from mtl.recipe.choices import TaskKind
from mtl.text.batching import Integers

_DIMENSIONS = 256
_SIF = 1e-4  # a of the paper
_UNUSED = re.compile(r"\[unused\d+\]")
_BATCH = 512  # tokens of the vocabulary


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The V tokens that stand for text, as the model reads them alone.

    `ids` `(V,)`, `pooled` `(V, H)`, and by classification task the `probabilities` `(V, C)` of the classes.
    """

    ids: Integers
    pooled: Floats
    probabilities: dict[str, Floats]


def read_vocabulary(loaded: LoadedModel, tokenizer: Tokenizer) -> Vocabulary:
    """Run every token, between the special ones that the model expects."""
    ids = _of_text(tokenizer)
    around = tokenizer.encode("a")
    special = np.array(around.special_tokens_mask, dtype=bool)
    first, last = np.flatnonzero(~special)[[0, -1]]
    before, after = around.ids[:first], around.ids[last + 1 :]
    rows = np.array([[*before, token, *after] for token in ids.tolist()], dtype=np.int64)
    model = loaded.model
    tasks = {name: task for name, task in model.tasks.items() if task.kind is TaskKind.CLASSIFICATION}
    pooled, found = [], {name: list[torch.Tensor]() for name in tasks}
    with torch.inference_mode():
        for begin in range(0, len(rows), _BATCH):
            part = torch.from_numpy(rows[begin : begin + _BATCH])
            none = part[:, :0]
            batch = TokenBatch(part, torch.ones_like(part), torch.zeros_like(part), none, none.bool())
            vectors = model.encoder(batch).pooled.float()
            pooled.append(vectors)
            for name, task in tasks.items():
                logits = model.heads[name](vectors) / task.temperature
                found[name].append(logits.sigmoid() if task.multi_label else logits.softmax(dim=-1))
    probabilities = {name: torch.cat(parts).numpy() for name, parts in found.items()}
    return Vocabulary(ids, torch.cat(pooled).numpy(), probabilities)


def token_vectors(vocabulary: Vocabulary, size: int) -> Floats:
    """The vectors `(size, D)` of all tokens; those that stand for no text have zeros."""
    vectors = vocabulary.pooled
    if len(vectors) > min(_DIMENSIONS, vectors.shape[1]):
        vectors = PCA(n_components=min(_DIMENSIONS, vectors.shape[1]), svd_solver="full").fit_transform(vectors)
    shares = 1 / np.arange(2, len(vectors) + 2)
    shares /= shares.sum()
    result = np.zeros((size, vectors.shape[1]), dtype=np.float32)
    result[vocabulary.ids] = vectors * (_SIF / (_SIF + shares))[:, None]
    return result


def _of_text(tokenizer: Tokenizer) -> Integers:
    special = {token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special}
    names = sorted(tokenizer.get_vocab().items(), key=lambda one: one[1])
    return np.array([i for name, i in names if name not in special and not _UNUSED.fullmatch(name)], dtype=np.int64)
