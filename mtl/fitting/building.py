"""From texts to a pool of features: one pass of a frozen encoder, kept on disk for the next time."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from mtl.cache import RaggedRows, RaggedStore
from mtl.cache.filling import FeatureBackend, Passes, fill_rows
from mtl.errors import InputError
from mtl.fitting.pool import FeaturePool, pooled_windows, word_states
from mtl.home import home
from mtl.inference.engine import Engine
from mtl.text import SplitWords, WordOffsets, clean
from mtl.text.batching import Batch
from mtl.text.tokenized import TokenizedTexts

MOST_TEXTS = 100_000
_FORMAT = "polyhead-pool-1"
_STORE_BYTES = 10_000_000_000  # as `cache.max_gb` of a recipe
Progress = Callable[[int, int], None]


def _not_shown(_done: int, _total: int) -> None:
    """Progress that is not shown."""


def build_pool(
    engine: Engine, texts: Sequence[str], *, words: bool = False, progress: Progress = _not_shown
) -> FeaturePool:
    """Compute what heads read of texts, or read it from an earlier time.

    Args:
        engine: whose encoder reads the texts; its heads do not matter.
        texts: at most 100,000.
        words: whether the states of words are wanted, for spans; torch is loaded for that.
        progress: is told how many windows of how many are done; what it raises ends the work.

    Raises:
        InputError: there are no texts, too many, or one is no string.
        MtlError: the encoder cannot be loaded, or gives values that are not finite.
    """
    if not 1 <= len(texts) <= MOST_TEXTS or not all(isinstance(text, str) for text in texts):
        raise InputError(f"1 to {MOST_TEXTS:,} texts were expected, were {len(texts):,}")
    cleaned = [clean(text) for text in texts]
    reader = FeatureReader(engine, RaggedStore(home() / "cache", _STORE_BYTES), progress=progress)
    return reader(cleaned, SplitWords(cleaned, engine.splitting) if words else None)


@dataclass(frozen=True)
class FeatureReader:
    """Reads the features of texts.

    Args:
        engine: whose encoder reads the texts.
        store: where features of a model with files are kept; None keeps nothing.
        mix: the weight of each state of a word; None for `default_mix`.
        progress: as in `build_pool`.
    """

    engine: Engine
    store: RaggedStore | None = None
    mix: tuple[float, ...] | None = None
    progress: Progress = _not_shown

    def __call__(self, texts: Sequence[str], words: Sequence[WordOffsets] | None = None) -> FeaturePool:
        """The features of texts, and of their words where these are given; errors as `build_pool`."""
        if words is None:
            tokenized = self.engine.tokenizer.store(texts)
            rows = self._rows(tokenized, _Pooled(self.engine))
            return FeaturePool(tuple(texts), pooled_windows(rows, tokenized))
        from mtl.fitting.encoder import mixed_states

        tokenized = self.engine.tokenizer.store(texts, words)
        backend = mixed_states(self.engine, tokens=int(tokenized.lengths.sum()), mix=self.mix)
        rows = self._rows(tokenized, backend)
        states = word_states(rows, tokenized, words, mix=backend.mix)
        return FeaturePool(tuple(texts), pooled_windows(rows, tokenized), states)

    def _rows(self, texts: TokenizedTexts, backend: FeatureBackend) -> RaggedRows:
        """The rows of all windows, from the store where they are; in memory where it has no room."""
        counts, size = 1 + texts.word_counts, self.engine.hidden_size

        def fill(out: RaggedRows) -> None:
            fill_rows(out, texts, backend.features, progress=lambda done: self.progress(done, len(counts)))

        types: tuple[type[np.floating], ...] = (np.float16, np.float32) if texts.word_counts.any() else (np.float32,)
        if self.store is not None and self.engine.fingerprint:
            key = _key(texts, self.engine, backend)
            found = self.store.open(key)
            for dtype in () if found is not None else types:
                with suppress(OverflowError):  # too large for float16
                    found = self.store.write(key, counts, size=size, fill=fill, dtype=dtype)
                    break
            if found is not None:
                return found
        rows = RaggedRows.empty(counts, size=size, dtype=np.float32)
        fill(rows)
        return rows


def _key(texts: TokenizedTexts, engine: Engine, backend: FeatureBackend) -> str:
    digest = hashlib.sha256(repr((_FORMAT, engine.fingerprint, backend.name)).encode())
    arrays = texts.stored
    for array in (arrays.ids, arrays.token_starts, arrays.first_tokens, arrays.word_starts):
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


@dataclass(frozen=True)
class _Pooled:
    """The pooled vectors of an engine, by whatever runs it."""

    engine: Engine

    @property
    def name(self) -> str:
        """As `FeatureBackend`."""
        return f"{self.engine.backend.name} {self.engine.backend.precision} pooled"

    def features(self, batches: Iterable[Batch]) -> Passes:
        """As `FeatureBackend`, without words."""
        for batch, outputs in self.engine.backend.run(batches):
            yield batch, outputs.pooled[:, None]
