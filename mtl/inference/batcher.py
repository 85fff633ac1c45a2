"""Requests of many threads run in batches: one runs at a time, and what arrives meanwhile runs together afterwards."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Condition, Thread

from mtl.decoding import ModelOutput, Request
from mtl.inference.short_requests import ShortRequests

_MOST_CHARACTERS = 8192  # of a batch, about 2,000 tokens: enough to keep all cores busy
_SPECIAL_TOKENS = 8  # characters that a text's special tokens count for
_GATHER_SECONDS = 0.002


@dataclass(eq=False)
class _Job:
    request: Request
    output: "Future[ModelOutput]" = field(default_factory=Future)

    @property
    def size(self) -> int:
        """In characters."""
        return sum(map(len, self.request.texts)) + _SPECIAL_TOKENS * len(self.request.texts)


class DynamicBatcher:
    """Runs requests, those that wait at the same time in one batch; safe to share between threads.

    A request that finds nothing running runs in its caller's thread. Requests that arrive meanwhile wait in a queue,
    which a worker thread empties before it ends; so an idle batcher has no thread, and nothing keeps it alive. A batch
    that fails runs again request by request, so that only the one at fault fails. A request as large as a batch gains
    nothing by waiting: it runs at once in its caller's thread, and between its batches it gives way to smaller ones.

    Args:
        run: what runs a request, in any thread.
        run_long: what runs a large request; it calls the function that it is given before each of its batches.
        gather_seconds: how long a batch waits at most for the callers that were just answered to ask again.
    """

    def __init__(
        self,
        run: Callable[[Request], ModelOutput],
        *,
        run_long: Callable[[Request, Callable[[], None]], ModelOutput] | None = None,
        gather_seconds: float = _GATHER_SECONDS,
    ) -> None:
        self._run = run
        self._run_long = run_long or (lambda request, _: run(request))
        self._short = ShortRequests()
        self._gather_seconds = gather_seconds
        self._changed = Condition()
        self._waiting: list[_Job] = []
        self._expected = 0  # requests that a batch waits for
        self._running: object = None  # the job that its caller runs, or the worker
        self.on_batch: Callable[[int], None] = _tell_nobody
        """Called with the number of texts before each batch runs."""

    @property
    def waiting(self) -> int:
        """Requests that wait for the next batch."""
        return len(self._waiting)

    def __call__(self, request: Request) -> ModelOutput:
        """The output of a request; errors as those of `run`."""
        job = _Job(request)
        if job.size >= _MOST_CHARACTERS:
            self.on_batch(len(request.texts))
            return self._run_long(request, self._short.give_way)
        with self._short.one():
            try:
                if not self._starts(job):
                    return job.output.result()
                self.on_batch(len(request.texts))
                return self._run(request)
            finally:
                self._leave(job)

    def _starts(self, job: _Job) -> bool:
        """Whether the caller runs its job; else it is queued."""
        with self._changed:
            if self._running is None:
                self._running = job
                return True
            self._waiting.append(job)
            if len(self._waiting) >= self._expected:
                self._changed.notify()
            return False

    def _leave(self, job: _Job) -> None:
        """Take a job out whose caller leaves, answered or interrupted; after its own run, a worker takes the queue."""
        with self._changed:
            if job in self._waiting:
                self._waiting.remove(job)
            if self._running is not job:
                return
            self._running = None
            if self._waiting:
                self._expected = len(self._waiting) + 1
                worker = Thread(target=self._work, daemon=True)
                worker.start()
                self._running = worker

    def _work(self) -> None:
        while jobs := self._next():
            self._answer(jobs)

    def _next(self) -> list[_Job]:
        """The next batch; none, and the turn is given up, where nobody waits.

        Callers that were just answered often ask again at once, and one batch is faster than two.
        """
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) >= self._expected, self._gather_seconds)
            jobs = _batch(self._waiting)
            self._waiting = [job for job in self._waiting if job not in jobs]
            if not jobs:
                self._running = None
            return jobs

    def _answer(self, jobs: Sequence[_Job]) -> None:
        joined = _joined(jobs)
        self.on_batch(len(joined.texts))
        try:
            output = self._run(joined)
        except BaseException as error:
            if len(jobs) == 1:
                jobs[0].output.set_exception(error)
                return
            for job in jobs:
                self._answer([job])
            return
        with self._changed:
            self._expected = len(self._waiting) + len(jobs)
        begin = 0
        for job in jobs:
            end = begin + len(job.request.texts)
            job.output.set_result(output.part(begin, end))
            begin = end


def _tell_nobody(_: int) -> None:
    """Nobody watches."""


def _batch(waiting: Sequence[_Job]) -> list[_Job]:
    """The first job and those of its kind that have room: words cost time, so requests without them run apart."""
    jobs: list[_Job] = []
    room = _MOST_CHARACTERS
    for job in waiting:
        alike = not jobs or (job.request.words is None) == (jobs[0].request.words is None)
        if alike and job.size <= room:
            jobs.append(job)
            room -= job.size
    return jobs


def _joined(jobs: Sequence[_Job]) -> Request:
    if len(jobs) == 1:
        return jobs[0].request
    texts = [text for job in jobs for text in job.request.texts]
    words = [words for job in jobs for words in job.request.words or ()]
    return Request(texts, words if jobs[0].request.words is not None else None)
