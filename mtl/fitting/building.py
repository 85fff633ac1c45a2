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
from mtl.text import SplitWords, clean
from mtl.text.batching import Batch
from mtl.text.tokenized import TokenizedTexts

MOST_TEXTS = 100_000
_FORMAT = "polyhead-pool-1"
_STORE_BYTES = 10_000_000_000  # as `cache.max_gb` of a recipe
Progress = Callable[[int, int], None]


def build_pool(
    engine: Engine,
    texts: Sequence[str],
    *,
    words: bool = False,
    progress: Progress = lambda done, total: None,
) -> FeaturePool:
    """Compute what heads read of texts, or read it from an earlier time; 10,000 short texts take seconds.

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
    cleaned = tuple(clean(text) for text in texts)
    if not words:
        tokenized = engine.tokenizer.store(cleaned)
        rows = _rows(tokenized, _Pooled(engine), engine=engine, progress=progress)
        return FeaturePool(cleaned, pooled_windows(rows, tokenized))
    from mtl.fitting.encoder import mixed_states

    offsets = list(SplitWords(cleaned, engine.splitting))
    tokenized = engine.tokenizer.store(cleaned, offsets)
    backend = mixed_states(engine, tokens=int(tokenized.lengths.sum()))
    rows = _rows(tokenized, backend, engine=engine, progress=progress)
    states = word_states(rows, tokenized, offsets, mix=backend.mix)
    return FeaturePool(cleaned, pooled_windows(rows, tokenized), states)


def _rows(texts: TokenizedTexts, backend: FeatureBackend, *, engine: Engine, progress: Progress) -> RaggedRows:
    """The rows of all windows, from the store where they are; in memory where the store has no room."""
    counts, size = 1 + texts.word_counts, engine.hidden_size

    def fill(out: RaggedRows) -> None:
        fill_rows(out, texts, backend.features, progress=lambda done: progress(done, len(counts)))

    types: tuple[type[np.floating], ...] = (np.float16, np.float32) if texts.word_counts.any() else (np.float32,)
    if engine.fingerprint:
        store, key = RaggedStore(home() / "cache", _STORE_BYTES), _key(texts, engine, backend)
        found = store.open(key)
        for dtype in () if found is not None else types:
            with suppress(OverflowError):  # too large for float16
                found = store.write(key, counts, size=size, fill=fill, dtype=dtype)
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
