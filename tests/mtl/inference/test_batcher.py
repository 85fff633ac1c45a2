"""Requests of many threads."""

import gc
import random
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

from mtl.decoding import Decoded, ModelOutput, Request
from mtl.inference import batcher
from mtl.inference.batcher import DynamicBatcher
from mtl.text import SplitWords

NOTHING = Decoded(np.zeros(0, dtype=np.intp), np.zeros(0, dtype=np.float32))
PATIENCE = 30  # seconds after which a test that waits for an event has failed


class Model:
    """Stands for a model: an embedding is the length of its text. A run waits where `hold` says so."""

    def __init__(self, *errors: BaseException):
        self.runs: list[list[str]] = []
        self.threads: list[threading.Thread] = []
        self._errors = {str(error): error for error in errors}
        self._held: dict[str, tuple[Event, Event]] = {}

    def hold(self, text: str) -> tuple[Event, Event]:
        """An event that says that a run with this text has begun, and one that lets it go on."""
        self._held[text] = Event(), Event()
        return self._held[text]

    def __call__(self, request: Request) -> ModelOutput:
        texts = list(request.texts)
        self.runs.append(texts)
        self.threads.append(threading.current_thread())
        for text in texts:
            if text in self._held:
                begun, go = self._held[text]
                begun.set()
                assert go.wait(PATIENCE)
            if text in self._errors:
                raise self._errors[text]
        lengths = np.array([[len(text)] for text in texts], dtype=np.float32)
        tags = {"t": [NOTHING] * len(texts)} if request.words is not None else {}
        ones = np.ones(len(texts), dtype=np.int64)
        return ModelOutput(lengths, {"c": lengths}, tags, ones, ones, {})


class Callers:
    """Threads that ask; `ask` returns when the request runs or waits."""

    def __init__(self, model: Model, *, gather_seconds: float = 0.0):
        self.model = model
        self.batcher = DynamicBatcher(model, gather_seconds=gather_seconds)
        self._pool = ThreadPoolExecutor(40)
        self._asked = 0

    def ask(self, *texts: str, words: bool = False) -> "Future[ModelOutput]":
        self._asked += 1
        return self._pool.submit(self.batcher, Request(texts, SplitWords(texts) if words else None))

    def wait_for_queue(self, count: int) -> None:
        """Until so many requests wait."""
        changed = self.batcher._changed
        with changed:
            assert changed.wait_for(lambda: len(self.batcher._waiting) == count, PATIENCE)

    def close(self) -> None:
        self._pool.shutdown()


@pytest.fixture
def callers(request: pytest.FixtureRequest):
    made = Callers(Model(*getattr(request, "param", ())))
    notify_all_on_append(made.batcher)
    yield made
    made.close()


def notify_all_on_append(shared: DynamicBatcher) -> None:
    """Whoever waits for the queue in a test hears of every change."""
    starts = shared._starts

    def noticed(job: object) -> bool:
        result = starts(job)
        with shared._changed:
            shared._changed.notify_all()
        return result

    shared._starts = noticed


def lengths(output: ModelOutput) -> list[int]:
    return output.embeddings.ravel().astype(int).tolist()


def test_a_lone_request_runs_in_its_callers_thread_and_leaves_no_thread():
    model = Model()
    before = threading.enumerate()
    assert lengths(DynamicBatcher(model)(Request(["abc", "d"]))) == [3, 1]
    assert model.threads == [threading.current_thread()]
    assert threading.enumerate() == before


def test_requests_that_wait_together_run_together_and_each_gets_its_own(callers: Callers):
    begun, go = callers.model.hold("first")
    first = callers.ask("first")
    assert begun.wait(PATIENCE)
    rest = [callers.ask("x" * (i + 1), "y") for i in range(6)]
    callers.wait_for_queue(6)
    go.set()
    assert lengths(first.result(PATIENCE)) == [5]
    assert [lengths(one.result(PATIENCE)) for one in rest] == [[i + 1, 1] for i in range(6)]
    assert [len(run) for run in callers.model.runs] == [1, 12]


def test_who_watches_hears_of_every_batch_and_sees_what_waits(callers: Callers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batcher, "_MOST_CHARACTERS", 200)
    told: list[int] = []
    callers.batcher.on_batch = told.append
    begun, go = callers.model.hold("first")
    first = callers.ask("first")
    assert begun.wait(PATIENCE)
    rest = [callers.ask("x", "y") for _ in range(3)]
    callers.wait_for_queue(3)
    assert callers.batcher.waiting == 3
    callers.ask("z" * 300).result(PATIENCE)
    go.set()
    for one in (first, *rest):
        one.result(PATIENCE)
    assert told == [1, 1, 6] and callers.batcher.waiting == 0


def test_a_finished_answer_waits_for_nobody(callers: Callers):
    begun, go = callers.model.hold("first")
    later, last = callers.model.hold("last")
    answers = [callers.ask("first")]
    assert begun.wait(PATIENCE)
    answers += [callers.ask("a"), callers.ask("b")]
    callers.wait_for_queue(2)
    held = callers.ask("last", words=True)
    callers.wait_for_queue(3)
    go.set()
    assert later.wait(PATIENCE)  # the last batch runs, and does not end
    assert [lengths(one.result(PATIENCE)) for one in answers] == [[5], [1], [1]]
    assert not held.done()
    last.set()
    held.result(PATIENCE)


def test_requests_with_and_without_words_run_apart(callers: Callers):
    begun, go = callers.model.hold("first")
    callers.ask("first")
    assert begun.wait(PATIENCE)
    asked = [callers.ask(str(i), words=bool(i % 2)) for i in range(6)]
    callers.wait_for_queue(6)
    go.set()
    assert [len(one.result(PATIENCE).tags) for one in asked] == [0, 1] * 3
    assert sorted(map(sorted, callers.model.runs[1:])) == [["0", "2", "4"], ["1", "3", "5"]]


def test_a_batch_holds_no_more_than_there_is_room_for(callers: Callers, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(batcher, "_MOST_CHARACTERS", 3 * (1 + batcher._SPECIAL_TOKENS))
    begun, go = callers.model.hold("f")
    callers.ask("f")
    assert begun.wait(PATIENCE)
    asked = [callers.ask("x") for _ in range(7)]
    callers.wait_for_queue(7)
    go.set()
    assert [lengths(one.result(PATIENCE)) for one in asked] == [[1]] * 7
    assert [len(run) for run in callers.model.runs] == [1, 3, 3, 1]


@pytest.mark.parametrize("large", [["x"] * 2000, ["x" * 9000], [""] * 2000])
def test_large_and_small_requests_wait_for_each_other_neither_way(callers: Callers, large: list[str]):
    assert len(callers.ask(*large).result(PATIENCE).embeddings) == len(large)
    for held, other in (("small", large), (large[0], ["other"])):
        begun, go = callers.model.hold(held)
        slow = callers.ask(*(large if held == large[0] else [held]))
        assert begun.wait(PATIENCE)
        assert len(callers.ask(*other).result(PATIENCE).embeddings) == len(other)
        assert not slow.done()
        go.set()
        slow.result(PATIENCE)


ERRORS = (ValueError("bad"), KeyboardInterrupt("bad"), SystemExit("bad"), MemoryError("bad"))


@pytest.mark.parametrize(
    ("callers", "error"), [((error,), type(error)) for error in ERRORS], indirect=["callers"], ids=repr
)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_request_that_fails_fails_alone(callers: Callers, error: type[BaseException], place: int):
    begun, go = callers.model.hold("first")
    callers.ask("first")
    assert begun.wait(PATIENCE)
    asked = []
    for i in range(3):
        asked.append(callers.ask("bad" if i == place else "good"))
        callers.wait_for_queue(i + 1)
    go.set()
    for i, one in enumerate(asked):
        if i == place:
            assert isinstance(one.exception(PATIENCE), error)
        else:
            assert lengths(one.result(PATIENCE)) == [4]
    assert lengths(callers.ask("after").result(PATIENCE)) == [5]


@pytest.mark.parametrize("callers", [(ValueError("bad"),)], indirect=True)
def test_a_lone_request_that_fails_leaves_the_queue_running(callers: Callers):
    begun, go = callers.model.hold("bad")
    failing = callers.ask("bad")
    assert begun.wait(PATIENCE)
    waiting = callers.ask("good")
    callers.wait_for_queue(1)
    go.set()
    assert isinstance(failing.exception(PATIENCE), ValueError)
    assert lengths(waiting.result(PATIENCE)) == [4]


def test_a_caller_that_is_interrupted_while_it_waits_leaves_the_queue(
    callers: Callers, monkeypatch: pytest.MonkeyPatch
):
    begun, go = callers.model.hold("first")
    first = callers.ask("first")
    assert begun.wait(PATIENCE)

    def interrupted(*_: object) -> None:
        assert len(callers.batcher._waiting) == 1
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Future, "result", interrupted)
        callers.batcher(Request(["never"]))
    go.set()
    assert lengths(first.result(PATIENCE)) == [5]
    assert lengths(callers.ask("after").result(PATIENCE)) == [5]
    assert ["never"] not in callers.model.runs


def test_callers_that_ask_again_at_once_run_together_again():
    callers = Callers(Model(), gather_seconds=PATIENCE)
    notify_all_on_append(callers.batcher)
    begun, go = callers.model.hold("first")

    def ask(*texts: str) -> None:
        for text in texts:
            callers.batcher(Request([text]))

    threads = [callers._pool.submit(ask, "first", *"xxx")]
    assert begun.wait(PATIENCE)
    threads += [callers._pool.submit(ask, *"yyy") for _ in range(3)]
    callers.wait_for_queue(3)
    go.set()
    for one in threads:
        one.result(PATIENCE)
    assert [len(run) for run in callers.model.runs] == [1, 4, 4, 4]
    with callers.batcher._changed:  # nobody asks again
        callers.batcher._expected = 0
        callers.batcher._changed.notify_all()
    callers.close()


def test_nothing_keeps_a_batcher_alive_that_has_answered():
    before = set(threading.enumerate())
    callers = Callers(Model())
    notify = weakref.ref(callers.batcher)
    begun, go = callers.model.hold("first")
    asked = [callers.ask("first")]
    assert begun.wait(PATIENCE)
    asked += [callers.ask("x") for _ in range(3)]
    go.set()
    for one in asked:
        one.result(PATIENCE)
    callers.close()
    for thread in set(threading.enumerate()) - before:
        assert thread.daemon  # a worker that still ends does not keep the process
        thread.join(PATIENCE)
    del callers, asked, one
    gc.collect()
    assert notify() is None


@pytest.mark.parametrize("seed", range(5))
def test_whatever_arrives_gets_its_own_answer(seed: int):
    chance = random.Random(seed)
    callers = Callers(Model(ValueError("bad")))
    asked = []
    for _ in range(60):
        texts = ["x" * chance.choice((0, 1, 5, 700)) for _ in range(chance.choice((1, 1, 2, 9)))]
        if chance.random() < 0.1:
            texts[chance.randrange(len(texts))] = "bad"
        asked.append((texts, callers.ask(*texts, words=chance.random() < 0.5)))
    for texts, one in asked:
        if "bad" in texts:
            assert isinstance(one.exception(PATIENCE), ValueError)
        else:
            assert lengths(one.result(PATIENCE)) == list(map(len, texts))
    callers.close()


def test_a_large_request_can_give_way_before_each_of_its_batches():
    model, order = Model(), []
    begun, go = Event(), Event()

    def run_long(request, give_way):
        begun.set()
        assert go.wait(PATIENCE)
        give_way()
        order.append("long")
        return model(request)

    def run(request):
        order.append("short")
        return model(request)

    batcher_ = DynamicBatcher(run, run_long=run_long)
    with ThreadPoolExecutor(1) as pool:
        long = pool.submit(batcher_, Request(["x" * batcher._MOST_CHARACTERS]))
        assert begun.wait(PATIENCE)
        batcher_(Request(["y"]))
        go.set()
        long.result(PATIENCE)
    assert order == ["short", "long"]
