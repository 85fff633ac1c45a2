"""One pass over any number of texts: read, sort, pack, run, put together again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from mtl.batching import by_length, pack
from mtl.inference.backends import Backend, Batch
from mtl.inference.decoding import Decoded, TagDecoder, softmax
from mtl.inference.reading import PlacedWords, Reader, ReadText, Window, place_words
from mtl.inference.spec import EngineSpec
from mtl.recipe.choices import TaskKind
from mtl.text import Span

Floats = NDArray[np.float32]
_LEAST_BATCH = 64  # tokens; splitting less between cores costs more than it gains


@dataclass(frozen=True, slots=True)
class Request:
    """Texts to run; with the words of each where tags are asked for."""

    texts: Sequence[str]
    words: Sequence[Sequence[Span]] | None = None


@dataclass(frozen=True, slots=True)
class Findings:
    """Of N texts: embeddings `(N, H)`, by task class probabilities `(N, C)` and tags for the words of each."""

    read: list[ReadText]
    embeddings: Floats
    classes: Mapping[str, Floats]
    tags: Mapping[str, list[Decoded]]

    def part(self, begin: int, end: int) -> "Findings":
        """The texts from `begin` to `end`."""
        return Findings(
            self.read[begin:end],
            self.embeddings[begin:end],
            {name: rows[begin:end] for name, rows in self.classes.items()},
            {name: rows[begin:end] for name, rows in self.tags.items()},
        )


class Passes:
    """Runs texts through a backend.

    Args:
        spec: of the model.
        reader: cuts texts into windows.
        backend: runs them.
        batch_tokens: of a batch, padding included.
    """

    def __init__(self, spec: EngineSpec, reader: Reader, backend: Backend, *, batch_tokens: int) -> None:
        self._spec = spec
        self._reader = reader
        self._backend = backend
        self._batch_tokens = batch_tokens
        self._decoders = spec.decoders()

    def __call__(self, request: Request) -> Findings:
        """Run the texts; the order of the results is that of the texts."""
        read = self._reader(request.texts, offsets=request.words is not None)
        windows = _Windows(read, request.words)
        pooled = np.zeros((len(windows.all), self._spec.dimension), dtype=np.float32)
        tasks = self._spec.tasks
        classes = {
            name: np.zeros((len(windows.all), len(tasks[name].labels)), dtype=np.float32)
            for name in self._spec.names(TaskKind.CLASSIFICATION)
        }
        taggers = self._decoders if request.words is not None else {}
        emissions = {name: windows.room_for_words(len(decoder.tags)) for name, decoder in taggers.items()}
        for batch, outputs in self._backend.run(self._batches(windows)):
            pooled[batch.rows] = outputs.pooled
            for name, logits in outputs.classes.items():
                classes[name][batch.rows] = softmax(logits)
            for name, room in emissions.items():
                windows.put_words(room, batch.rows, outputs.emissions[name])
        pooled = windows.combine(pooled)
        if self._spec.normalize:
            pooled /= np.linalg.norm(pooled, axis=1, keepdims=True).clip(min=1e-12)
        tags = {name: windows.decode(self._decoders[name], room) for name, room in emissions.items()}
        return Findings(read, pooled, {name: windows.combine(rows) for name, rows in classes.items()}, tags)

    def batches(self, texts: Sequence[str]) -> Iterator[Batch]:
        """What the backend is given for texts whose words nobody asks for."""
        return self._batches(_Windows(self._reader(texts, offsets=False), None))

    def _batches(self, windows: "_Windows") -> Iterator[Batch]:
        lengths = [len(window) for window in windows.all]
        share = sum(lengths) // self._backend.parallel + 1
        budget = min(self._batch_tokens, max(share, _LEAST_BATCH))
        for rows in pack(lengths, by_length(lengths), budget=budget):
            yield _pad(rows, windows, pad_id=self._reader.config.pad_id)


class _Windows:
    """All windows of some texts in one list, the sentences of long ones behind them, and which words each holds.

    The words of a text are placed when the first of its windows is asked for them: while the batch before is running.
    """

    def __init__(self, read: Sequence[ReadText], words: Sequence[Sequence[Span]] | None) -> None:
        counts = [len(text.windows) for text in read]
        self._starts = np.cumsum([0, *counts[:-1]]) if counts else np.zeros(0, dtype=np.intp)
        self._texts = np.repeat(np.arange(len(read)), counts)
        self._counted: list[Window] = [window for text in read for window in text.windows]
        self.all = [*self._counted, *(sentence for text in read for sentence in text.sentences)]
        self._read, self._words = read, words
        self._places = self._ranges() if words is not None else []
        self._text_of = {window: text for text, windows in enumerate(self._places) for window in windows}
        self._placed: dict[int, PlacedWords] = {}
        self._first_tokens: list[list[int]] = [[]] * len(self.all)

    def _ranges(self) -> list[range]:
        """In which windows the words of each text are read."""
        result, behind = [], len(self._counted)
        for start, text in zip(self._starts.tolist(), self._read, strict=True):
            first, count = (behind, len(text.sentences)) if text.sentences else (start, len(text.windows))
            result.append(range(first, first + count))
            behind += len(text.sentences)
        return result

    def first_tokens(self, window: int) -> list[int]:
        """The first tokens of the words that are read in a window."""
        if window in self._text_of:
            self._place(self._text_of[window])
        return self._first_tokens[window]

    def _place(self, text: int) -> PlacedWords:
        """Find the words of a text in its windows, once."""
        if text not in self._placed:
            assert self._words is not None
            self._placed[text] = placed = place_words(self._read[text], self._words[text])
            begin = 0
            counts = np.bincount(placed.windows).tolist() if placed.windows else ()
            for window, count in zip(self._places[text], counts, strict=False):
                self._first_tokens[window] = placed.tokens[begin : begin + count]
                begin += count
        return self._placed[text]

    def room_for_words(self, tags: int) -> list[Floats]:
        """For each window the emissions `(W, L)` of its words: none yet."""
        return [np.zeros((0, tags), dtype=np.float32)] * len(self.all)

    def put_words(self, room: list[Floats], rows: Sequence[int], values: Floats) -> None:
        """Take the emissions `(B, W, L)` of a batch."""
        for row, emissions in zip(rows, values, strict=True):
            room[row] = emissions[: len(self._first_tokens[row])]

    def decode(self, decoder: TagDecoder, room: Sequence[Floats]) -> list[Decoded]:
        """The tags of each text's words; sentences that were read by themselves are decoded so too."""
        parts: list[list[Floats]] = []
        for text, windows in enumerate(self._places):
            breaks = self._place(text).breaks
            if len(windows) == 1:
                parts.append([room[windows.start]])
            else:
                parts.append(np.split(np.concatenate(room[windows.start : windows.stop]), breaks))
        found = iter(decoder([part for one in parts for part in one]))
        return [_joined(list(islice(found, len(one)))) for one in parts]

    def combine(self, values: Floats) -> Floats:
        """`(N, …)` of texts from that of windows, each weighted by the tokens that it owns."""
        values = values[: len(self._counted)]
        if len(self._counted) == len(self._starts):
            return values
        weights = np.array([window.own for window in self._counted], dtype=np.float32)
        weights /= np.add.reduceat(weights, self._starts)[self._texts]
        result: Floats = np.add.reduceat(values * weights[:, None], self._starts, axis=0)
        return result


def _joined(parts: Sequence[Decoded]) -> Decoded:
    if len(parts) == 1:
        return parts[0]
    return Decoded(np.concatenate([p.tags for p in parts]), np.concatenate([p.probabilities for p in parts]))


def _pad(rows: list[int], windows: _Windows, *, pad_id: int) -> Batch:
    length = max(len(windows.all[row]) for row in rows)
    words = max(1, *(len(windows.first_tokens(row)) for row in rows))
    ids = np.full((len(rows), length), pad_id, dtype=np.int64)
    mask, type_ids = np.zeros_like(ids), np.zeros_like(ids)
    first = np.zeros((len(rows), words), dtype=np.int64)
    for i, row in enumerate(rows):
        window, tokens = windows.all[row], windows.first_tokens(row)
        ids[i, : len(window)] = window.ids
        type_ids[i, : len(window)] = window.type_ids
        mask[i, : len(window)] = 1
        first[i, : len(tokens)] = tokens
    return Batch(rows, ids, mask, type_ids, first)
