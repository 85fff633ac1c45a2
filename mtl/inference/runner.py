"""One pass over any number of texts: tokenise, sort, pack, run, and put the answers in the order of the texts."""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from mtl.decoding import Decoded, ModelOutput, Request, sigmoid, softmax, tempered
from mtl.inference.backends.interface import BatchRunner
from mtl.inference.spec import EngineSpec
from mtl.recipe.choices import TaskKind
from mtl.stopping import check_stop
from mtl.text.batching import Batch, by_length, pack
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer

Floats = NDArray[np.float32]
_Value = TypeVar("_Value", np.float32, np.bool_)
__all__ = ["ModelOutput", "Request", "Runner"]

_LEAST_BATCH = 64  # tokens; splitting less between cores costs more than it gains


def _go_on() -> None:
    """Give way to nobody."""


class Runner:
    """Runs texts through a backend, in batches of at most `batch_tokens` tokens, padding included.

    `marginals` says whether those of every tag of a word are given too.
    """

    def __init__(
        self,
        spec: EngineSpec,
        tokenizer: WindowTokenizer,
        backend: BatchRunner,
        *,
        batch_tokens: int,
        marginals: bool = False,
    ) -> None:
        self._spec = spec
        self._tokenizer = tokenizer
        self._backend = backend
        self._batch_tokens = batch_tokens
        self._decoders = spec.decoders()
        self._marginals = marginals

    def __call__(self, request: Request) -> ModelOutput:
        """Run texts."""
        return self.run_giving_way(request, _go_on)

    def run_giving_way(self, request: Request, give_way: Callable[[], None]) -> ModelOutput:
        """Run texts; `give_way` is called before each batch, and returns when it may start."""
        texts = self._tokenizer(request.texts, request.words)
        return self.run(texts, words=request.words is not None, give_way=give_way)

    def run(self, texts: TokenizedTexts, *, words: bool, give_way: Callable[[], None] = _go_on) -> ModelOutput:
        """Run tokenised texts, with tags for their words where these are wanted."""
        windows = len(texts.lengths)
        pooled = np.zeros((windows, self._spec.dimension), dtype=np.float32)
        classes = {
            name: np.zeros((windows, len(self._spec.tasks[name].labels)), dtype=np.float32)
            for name in self._spec.names(TaskKind.CLASSIFICATION)
        }
        emissions: dict[str, list[Floats]] = {name: [_NOTHING] * windows for name in (self._decoders if words else ())}
        continued: list[NDArray[np.bool_]] = [_NO_WORDS] * windows
        for batch, outputs in self._backend.run(self._batches(texts, give_way)):
            pooled[batch.rows] = outputs.pooled
            for name, logits in outputs.classes.items():
                multi_label = self._spec.tasks[name].multi_label
                classes[name][batch.rows] = sigmoid(logits) if multi_label else softmax(logits)
            if emissions:
                for row, values, count in zip(batch.rows, batch.continued, batch.word_counts, strict=True):
                    continued[row] = values[:count]
            for name, found in emissions.items():
                for row, values, count in zip(batch.rows, outputs.emissions[name], batch.word_counts, strict=True):
                    found[row] = values[:count]
        embeddings = _combine(texts, pooled)
        for layer in self._spec.dense:
            embeddings = layer(embeddings)
        if self._spec.normalize:
            embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
        return ModelOutput(
            embeddings,
            {name: self._tempered(name, _combine(texts, rows)) for name, rows in classes.items()},
            {name: self._decode(texts, name, found, continued) for name, found in emissions.items()},
            texts.tokens,
            texts.window_counts,
            texts.cut_at,
        )

    def _tempered(self, task: str, probabilities: Floats) -> Floats:
        record = self._spec.tasks[task]
        return tempered(probabilities, record.temperature, multi_label=record.multi_label)

    def _decode(
        self, texts: TokenizedTexts, task: str, emissions: Sequence[Floats], continued: Sequence[NDArray[np.bool_]]
    ) -> list[Decoded]:
        """The tags of the words of each text; every sentence is decoded by itself."""
        sentences: list[range] = []  # the windows of each
        counts = []
        for begin, end in texts.sentences.tolist():
            starts = [begin, *(begin + 1 + np.flatnonzero(~texts.follows[begin + 1 : end])).tolist(), end]
            sentences += [range(a, b) for a, b in pairwise(starts)]
            counts.append(len(starts) - 1)
        scores, goes_on = [_flat(emissions, s) for s in sentences], [_flat(continued, s) for s in sentences]
        found = iter(self._decoders[task](scores, goes_on, marginals=self._marginals))
        return [_joined(list(islice(found, count))) for count in counts]

    def _batches(self, texts: TokenizedTexts, give_way: Callable[[], None]) -> Iterator[Batch]:
        lengths, parallel = texts.lengths.tolist(), self._backend.parallel
        order = by_length(lengths)
        budget = max(sum(lengths) // parallel + 1, _LEAST_BATCH)
        while budget < self._batch_tokens and len(list(pack(lengths, order, budget=budget))) > parallel:
            budget += budget // 16  # a few texts are split evenly between the cores
        for rows in pack(lengths, order, budget=min(budget, self._batch_tokens)):
            check_stop()
            give_way()
            yield texts.batch(rows)


_NOTHING = np.zeros((0, 0), dtype=np.float32)
_NO_WORDS = np.zeros(0, dtype=np.bool_)


def _combine(texts: TokenizedTexts, values: Floats) -> Floats:
    """`(N, …)` of texts from `(K, …)` of windows, each weighted by the tokens that it owns."""
    combined = values[texts.passages[:, 0]]
    shares = texts.shares
    for text in np.flatnonzero(texts.window_counts > 1):
        begin, end = texts.passages[text]
        combined[text] = shares[begin:end] @ values[begin:end]
    return combined


def _flat(values: Sequence[NDArray[_Value]], windows: range) -> NDArray[_Value]:
    return values[windows.start] if len(windows) == 1 else np.concatenate([values[i] for i in windows])


def _joined(parts: Sequence[Decoded]) -> Decoded:
    if len(parts) == 1:
        return parts[0]
    marginals = [p.log_marginals for p in parts if p.log_marginals is not None]
    return Decoded(
        np.concatenate([p.tags for p in parts]),
        np.concatenate([p.probabilities for p in parts]),
        np.concatenate(marginals) if marginals else None,
    )
