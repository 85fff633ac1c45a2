"""Candidates measured against fp32 on this machine: the fastest of those that keep its answers."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from mtl.checkpoint.sample import read_sample
from mtl.data import Example
from mtl.decoding import Decoded, ModelOutput, Request
from mtl.errors import BackendError, DataError
from mtl.evaluation import main_metric, request_of
from mtl.inference.autotune.candidates import Prepared, candidates
from mtl.inference.autotune.choice import Choice, Measured
from mtl.inference.autotune.probe_texts import TEXTS
from mtl.inference.backends import DEFAULT_BATCH_TOKENS, Backend
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.options import EngineOptions
from mtl.inference.runner import Runner
from mtl.labels import spans_of
from mtl.metrics.tagging import span_f1
from mtl.text import SplitWords

MIN_COSINE = 0.999
MOST_LOSS = 0.002
_SECONDS = 2.0  # for all measuring together
_BUDGETS = (512, 1024, 2048)
_BUDGET_ROUNDS = 2
_CLEARLY = 0.95  # of the default's time
_KEPT_FOR_RIVALS = 0.8  # seconds of these
_CLOSE = 0.8  # of the fastest one's speed; one pass is not steady enough to part such
_MOST_ROUNDS = 8


def choose(prepared: Prepared, options: EngineOptions) -> tuple[Backend, Choice]:
    """Find the backend and precision to run a model with.

    `auto` takes only what keeps the answers of fp32 on every probe sentence (cosine, classes and entities) and its
    metrics on the checkpoint's own evaluation sample. A precision that was asked for by name is given as it is.

    Raises:
        BackendError: the backend that was asked for cannot run this model.
    """
    notes: list[str] = []
    makers = list(candidates(prepared, options, notes))
    if len(makers) == 1:
        backend = makers[0]()
        choice = Choice(
            backend=backend.name, precision=backend.precision, batch_tokens=DEFAULT_BATCH_TOKENS, notes=tuple(notes)
        )
        return backend, choice
    return _measured(prepared, options, makers, notes)


def _measured(
    prepared: Prepared, options: EngineOptions, makers: list[Callable[[], Backend]], notes: list[str]
) -> tuple[Backend, Choice]:
    request = Request(TEXTS, SplitWords(TEXTS))
    reference = TorchBackend(prepared.loaded.model)
    expected = _runner(prepared, reference)(request)
    sample = _sample(prepared, notes)
    metrics = _metrics(prepared, reference, sample)
    deadline = time.perf_counter() + _SECONDS
    measured: list[Measured] = []
    rivals: dict[int, Backend] = {}  # by place among the measured
    for make in makers:
        if rivals and time.perf_counter() > deadline - _KEPT_FOR_RIVALS:
            notes.append("not every candidate was measured, the time was over")
            break
        try:
            backend = make()
            row = _measure(prepared, backend, request, expected)
            row = _on_sample(row, metrics, _metrics(prepared, backend, sample))
        except BackendError as error:
            notes.append(str(error))
            continue
        measured.append(row)
        if row.faithful or options.precision is not None:
            rivals = _close(measured, rivals | {len(measured) - 1: backend})
    if len(rivals) > 1:
        _run_in_turn(prepared, request, measured, rivals, deadline)
    backend = rivals[max(rivals, key=lambda place: measured[place].tokens_per_second)] if rivals else reference
    choice = Choice(
        backend=backend.name,
        precision=backend.precision,
        batch_tokens=_best_budget(prepared, backend, deadline),
        measured=tuple(measured),
        notes=tuple(notes),
    )
    return backend, choice


def _runner(prepared: Prepared, backend: Backend, batch_tokens: int = DEFAULT_BATCH_TOKENS) -> Runner:
    return Runner(prepared.spec, prepared.tokenizer, backend, batch_tokens=batch_tokens)


def _measure(prepared: Prepared, backend: Backend, request: Request, expected: ModelOutput) -> Measured:
    runner = _runner(prepared, backend)
    found = runner(request)
    speed = _speed(runner, request)
    cosine = _min_cosine(found, expected)
    same = all(
        (found.classes[name].argmax(1) == rows.argmax(1)).all().item() for name, rows in expected.classes.items()
    )
    tasks = prepared.spec.task_infos()
    loss = max(
        (1 - _agreement(found.tags[name], rows, tasks[name].tags.tags) for name, rows in expected.tags.items()),
        default=0.0,
    )
    return Measured(
        backend=backend.name,
        precision=backend.precision,
        tokens_per_second=speed,
        min_cosine=cosine,
        same_classes=same,
        tag_f1_loss=loss,
        faithful=cosine >= MIN_COSINE and same and loss <= MOST_LOSS,
    )


def _close(measured: Sequence[Measured], rivals: Mapping[int, Backend]) -> dict[int, Backend]:
    """Those that are not clearly slower than the fastest of them; the memory of others can go."""
    least = _CLOSE * max(measured[place].tokens_per_second for place in rivals)
    return {place: backend for place, backend in rivals.items() if measured[place].tokens_per_second >= least}


def _run_in_turn(
    prepared: Prepared, request: Request, measured: list[Measured], rivals: Mapping[int, Backend], deadline: float
) -> None:
    """Run rivals again while there is time; of each the best pass counts."""
    for place, backend in list(rivals.items()) * _MOST_ROUNDS:
        if time.perf_counter() > deadline:
            return
        speed = max(measured[place].tokens_per_second, _speed(_runner(prepared, backend), request))
        measured[place] = measured[place].model_copy(update={"tokens_per_second": speed})


def _speed(runner: Runner, request: Request) -> float:
    """Tokens a second."""
    begun = time.perf_counter()
    found = runner(request)
    return int(found.tokens.sum()) / (time.perf_counter() - begun)


def _sample(prepared: Prepared, notes: list[str]) -> Mapping[str, Sequence[Example]]:
    if prepared.checkpoint is None:
        return {}
    try:
        return read_sample(prepared.checkpoint, prepared.spec.task_infos())
    except DataError as error:
        notes.append(f"the evaluation sample was left out: {error}")
        return {}


def _metrics(prepared: Prepared, backend: Backend, sample: Mapping[str, Sequence[Example]]) -> dict[str, float]:
    """The main metric of each task that has a sample."""
    tasks, runner = prepared.spec.task_infos(), _runner(prepared, backend)
    return {n: main_metric(tasks[n], found, runner(request_of(tasks[n], found))) for n, found in sample.items()}


def _on_sample(row: Measured, expected: Mapping[str, float], found: Mapping[str, float]) -> Measured:
    loss = max((value - found[name] for name, value in expected.items()), default=0.0)
    return row.model_copy(update={"sample_loss": max(0.0, loss), "faithful": row.faithful and loss <= MOST_LOSS})


def _min_cosine(found: ModelOutput, expected: ModelOutput) -> float:
    lengths = np.linalg.norm(found.embeddings, axis=1) * np.linalg.norm(expected.embeddings, axis=1)
    cosines = (found.embeddings * expected.embeddings).sum(axis=1) / lengths.clip(min=1e-12)
    return float(cosines.min()) if np.isfinite(cosines).all() else 0.0


def _agreement(found: list[Decoded], expected: list[Decoded], tags: Sequence[str]) -> float:
    """F1 of the entities found, those of fp32 being right."""
    spans = [[spans_of([tags[tag] for tag in text.tags]) for text in side] for side in (expected, found)]
    return span_f1(*spans)["f1"] if any(map(len, spans[0] + spans[1])) else 1.0


def _best_budget(prepared: Prepared, backend: Backend, deadline: float) -> int:
    """The batch size that runs clearly fastest; the default where none does or the time is over.

    A backend prepares itself for each shape that it meets, so a first pass of each size does not count.
    """
    request = Request(TEXTS * 3)
    seconds: dict[int, list[float]] = {budget: [] for budget in _BUDGETS}
    for _ in range(1 + _BUDGET_ROUNDS):
        for budget, taken in seconds.items():
            begun = time.perf_counter()
            if begun > deadline:
                return DEFAULT_BATCH_TOKENS
            _runner(prepared, backend, budget)(request)
            taken.append(time.perf_counter() - begun)
    best = {budget: min(taken[1:]) for budget, taken in seconds.items()}
    fastest = min(best, key=lambda budget: best[budget])
    return fastest if best[fastest] < _CLEARLY * best[DEFAULT_BATCH_TOKENS] else DEFAULT_BATCH_TOKENS
