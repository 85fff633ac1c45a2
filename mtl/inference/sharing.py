"""Requests that arrive together share a batch: whoever comes first runs what has gathered, the others wait for it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

from mtl.decoding import ModelOutput, Request

_MOST_TEXTS = 256  # of one shared pass; a larger request runs by itself, so that nobody waits for all of it


@dataclass(eq=False)
class _Job:
    request: Request
    findings: ModelOutput | None = None
    error: BaseException | None = field(default=None)


class SharedPasses:
    """Runs requests of many threads; a lone one is not kept waiting.

    Args:
        run: what runs a request.
    """

    def __init__(self, run: Callable[[Request], ModelOutput]) -> None:
        self._run = run
        self._waiting: list[_Job] = []
        self._gathering = Lock()
        self._running = Lock()

    def __call__(self, request: Request) -> ModelOutput:
        """The findings of a request, which may have been run together with others."""
        if len(request.texts) > _MOST_TEXTS:
            return self._run(request)
        job = _Job(request)
        with self._gathering:
            self._waiting.append(job)
        with self._running:
            if job.findings is None and job.error is None:
                self._run_together(self._gather(job))
        if job.error is not None:
            raise job.error
        assert job.findings is not None
        return job.findings

    def _gather(self, own: _Job) -> list[_Job]:
        """The own job and those of its kind that wait, as far as there is room; words cost time: kinds do not mix."""
        with self._gathering:
            self._waiting.remove(own)
            jobs, room = [own], _MOST_TEXTS - len(own.request.texts)
            for job in list(self._waiting):
                alike = (job.request.words is None) == (own.request.words is None)
                if alike and len(job.request.texts) <= room:
                    self._waiting.remove(job)
                    jobs.append(job)
                    room -= len(job.request.texts)
        return jobs

    def _run_together(self, jobs: list[_Job]) -> None:
        texts = [text for job in jobs for text in job.request.texts]
        words = [words for job in jobs for words in job.request.words or ()]
        with_words = jobs[0].request.words is not None
        try:
            findings = self._run(Request(texts, words if with_words else None))
        except BaseException as error:
            for job in jobs:
                job.error = error
            return
        position = 0
        for job in jobs:
            count = len(job.request.texts)
            job.findings = findings.part(position, position + count)
            position += count
