"""Which texts of pairs are the same, told by hashes of their tokens, so that few texts are in memory."""

import numpy as np

from mtl.data.keys import hashes
from mtl.scratch import ArrayWriter
from mtl.text.batching import Integers
from mtl.text.tokenized import TokenizedTexts


class PairTextsWriter:
    """Collects the texts of pairs, two after each other, as `TrainSet.pair_texts` numbers them.

    Texts that the model reads as the same tokens are the same: their embeddings are equal. A number is the place at
    which a text comes first, so it is the same in every process. Errors as `ArrayWriter`.
    """

    def __init__(self) -> None:
        self._keys = ArrayWriter(np.int64)

    def add(self, texts: TokenizedTexts) -> None:
        """Add texts, which are stored as arrays."""
        stored = texts.stored
        begins, ends = (stored.token_starts[texts.passages[:, side]].tolist() for side in (0, 1))
        spans = zip(begins, ends, strict=True)
        self._keys.append(hashes(stored.ids[begin:end].tobytes() for begin, end in spans))

    def finish(self) -> Integers:
        """The numbers `(E, 2)`; nothing can be added any more."""
        _, places, numbers = np.unique(self._keys.finish(), return_index=True, return_inverse=True)
        return places[numbers].reshape(-1, 2)
