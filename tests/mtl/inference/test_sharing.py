"""Requests that arrive together."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from mtl.inference.decoding import Decoded
from mtl.inference.passes import Findings, Request
from mtl.inference.reading import ReadText
from mtl.inference.sharing import SharedPasses
from mtl.text import split_words


class Recorder:
    """Stands for a pass: an embedding is the length of its text."""

    def __init__(self):
        self.requests: list[Request] = []
        self.go = threading.Event()

    def __call__(self, request: Request) -> Findings:
        self.requests.append(request)
        self.go.wait(5)
        if "bad" in request.texts:
            raise ValueError("bad")
        count = len(request.texts)
        lengths = np.array([[len(text)] for text in request.texts], dtype=np.float32)
        tags = [Decoded(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32))] * count
        return Findings([ReadText((), None)] * count, lengths, {"c": lengths}, {"t": tags} if request.words else {})


def asked(shared: SharedPasses, requests: list[Request], recorder: Recorder) -> list[Findings]:
    """Ask from a thread each, the first one being at work while the others arrive."""
    with ThreadPoolExecutor(len(requests)) as pool:
        first = pool.submit(shared, requests[0])
        while not recorder.requests:
            time.sleep(0.001)
        rest = [pool.submit(shared, request) for request in requests[1:]]
        while len(shared._waiting) < sum(len(request.texts) <= 256 for request in requests[1:]):
            time.sleep(0.001)
        recorder.go.set()
        return [job.result() for job in (first, *rest)]


def test_requests_that_wait_together_run_together_and_each_gets_its_own():
    recorder = Recorder()
    requests = [Request(["x" * (i + 1), "y"]) for i in range(6)]
    found = asked(SharedPasses(recorder), requests, recorder)
    assert [len(request.texts) for request in recorder.requests] == [2, 10]
    assert [f.embeddings.ravel().tolist() for f in found] == [[i + 1, 1] for i in range(6)]
    assert [len(f.read) for f in found] == [2] * 6


def test_requests_with_and_without_words_run_apart():
    recorder = Recorder()
    worded = Request(["a b"], [split_words("a b")])
    found = asked(SharedPasses(recorder), [Request(["x"]), worded, Request(["y"]), worded], recorder)
    assert sorted(len(request.texts) for request in recorder.requests) == [1, 1, 2]
    assert [len(f.tags) for f in found] == [0, 1, 0, 1]


def test_a_large_request_waits_for_nobody():
    recorder = Recorder()
    recorder.go.set()
    shared = SharedPasses(recorder)
    with shared._running:
        assert len(shared(Request(["x"] * 300)).read) == 300


def test_an_error_reaches_everyone_who_shared_it_and_nobody_else():
    recorder = Recorder()
    shared = SharedPasses(recorder)
    with pytest.raises(ValueError, match="bad"):
        asked(shared, [Request(["x"]), Request(["bad"]), Request(["y"])], recorder)
    assert shared(Request(["z"])).embeddings.tolist() == [[1]]
