"""What a pass does when."""

from collections.abc import Iterable, Iterator

import pytest

from mtl.inference import Engine
from mtl.inference.autotune.probe_texts import SENTENCES
from mtl.inference.backends import Backend, Batch, Outputs
from mtl.inference.runner import Request, Runner
from mtl.text import SplitWords, WordOffsets
from tests.mtl.inference.engines import TEXTS


class NotedWords(SplitWords):
    """Words that note whose were asked for."""

    def __init__(self, texts: list[str]):
        super().__init__(texts)
        self.asked: set[int] = set()

    def __getitem__(self, index: int) -> WordOffsets:
        self.asked.add(index)
        return super().__getitem__(index)


class WatchedBackend:
    """A backend that notes, before it runs a batch, how many texts had their words asked for."""

    def __init__(self, backend: Backend, words: NotedWords):
        self.name, self.precision = backend.name, backend.precision
        self.parallel, self.memory_bytes = backend.parallel, backend.memory_bytes
        self._backend, self._words = backend, words
        self.asked: list[int] = []
        self.rows: list[int] = []
        self.sizes: list[int] = []

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        for batch in batches:
            self.asked.append(len(self._words.asked))
            self.rows.append(len(batch.rows))
            self.sizes.append(batch.ids.size)
            yield from self._backend.run([batch])


def test_the_words_of_a_batch_are_cut_when_it_is_its_turn(engine: Engine):
    texts = ["Anna met Tom Li in New York." for _ in range(12)]
    words = NotedWords(texts)
    backend = WatchedBackend(engine._parts.backend, words)
    found = Runner(engine._parts.spec, engine._parts.tokenizer, backend, batch_tokens=64)(Request(texts, words))
    assert len(backend.rows) > 2
    assert backend.asked == [sum(backend.rows[: i + 1]) for i in range(len(backend.rows))]
    assert all(len(decoded.tags) == 8 for decoded in found.tags["names"])


def test_words_that_are_cut_on_the_way_give_what_words_given_before_give(engine: Engine):
    texts = list(TEXTS.values())
    request = Request(texts, SplitWords(texts))
    before = Request(texts, list(SplitWords(texts)))
    on_the_way, given = engine._run(request), engine._run(before)
    for name, rows in given.tags.items():
        for a, b in zip(on_the_way.tags[name], rows, strict=True):
            assert a.tags.tolist() == b.tags.tolist()
            assert a.probabilities.tolist() == b.probabilities.tolist()


@pytest.mark.parametrize("parallel", [1, 2, 4])
def test_a_few_texts_are_split_evenly_between_what_runs_at_the_same_time(engine: Engine, parallel: int):
    texts = [sentence for sentence in SENTENCES for _ in range(parallel)]
    watched = WatchedBackend(engine._parts.backend, NotedWords(texts))
    watched.parallel = parallel
    Runner(engine._parts.spec, engine._parts.tokenizer, watched, batch_tokens=10**6)(Request(texts))
    assert len(watched.sizes) == parallel
    assert min(watched.sizes) > 0.6 * max(watched.sizes)
