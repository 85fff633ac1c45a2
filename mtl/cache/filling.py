"""Rows of activations from passes over windows: how every cache is filled, whatever runs the passes."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.cache.store import RaggedRows
from mtl.errors import BackboneError
from mtl.scratch import release_pages
from mtl.stopping import check_stop
from mtl.text.batching import Batch, pack
from mtl.text.tokenized import TokenizedTexts

_FILL_TOKENS = 1024  # of a batch that is computed to be kept
_RELEASE_EVERY = 64  # batches that are computed to be kept

Passes = Iterator[tuple[Batch, NDArray[np.float32]]]


class FeatureBackend(Protocol):
    """What computes pooled vectors and the states of words faster than torch does."""

    @property
    def name(self) -> str:
        """Of the backend and its precision: other values have another name."""

    def features(self, batches: Iterable[Batch]) -> Passes:
        """Each batch with `(B, 1 + W, K * H)`, as `ActivationKind.POOLED` has it."""


def fill_rows(
    out: RaggedRows,
    texts: TokenizedTexts,
    passes: Callable[[Iterator[Batch]], Passes],
    *,
    progress: Callable[[int], None] = lambda windows: None,
) -> None:
    """Compute the rows of windows, the longest first.

    Args:
        out: has a row for each window; one without vectors is not computed.
        texts: tokenised.
        passes: gives of each batch the values `(B, V, S)`, of which a row takes its first vectors and last numbers.
        progress: is told after each batch how many windows are done.

    Raises:
        BackboneError: a value is not finite.
        OverflowError: a value is too large for float16.
    """
    wanted = np.flatnonzero(out.counts)
    longest_first = wanted[np.argsort(-texts.lengths[wanted], kind="stable")]
    batches = (texts.batch(rows) for rows in pack(texts.lengths, longest_first, budget=_FILL_TOKENS))
    size, done = out.values.shape[1], 0
    for number, (batch, values) in enumerate(passes(batches)):
        check_stop()
        if number % _RELEASE_EVERY == 0:
            release_pages()
        for row, found in zip(batch.rows, values, strict=True):
            kept = found[: out.counts[row], -size:]
            _check(kept, out.values.dtype)
            out.row(row)[:] = kept
        done += len(batch.rows)
        progress(done)


def _check(values: np.ndarray, dtype: np.dtype) -> None:
    most = float(np.abs(values).max(initial=0.0))
    if not np.isfinite(most):
        raise BackboneError("finite activations were expected, the backbone gives infinite values or no numbers")
    if dtype == np.float16 and most > float(np.finfo(np.float16).max):
        raise OverflowError
