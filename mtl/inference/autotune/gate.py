"""Backends held against torch in fp32: embeddings, classes and entities on probe sentences, metrics on a sample."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from math import isfinite

import numpy as np

from mtl.checkpoint.sample import read_sample
from mtl.data import Example
from mtl.decoding import Decoded, ModelOutput, Request, chosen
from mtl.errors import DataError
from mtl.evaluation import main_metric, request_of
from mtl.inference.autotune import machine
from mtl.inference.autotune.candidates import Prepared
from mtl.inference.autotune.choice import Fidelity
from mtl.inference.autotune.probe_texts import TEXTS
from mtl.inference.backends import DEFAULT_BATCH_TOKENS, Backend
from mtl.inference.backends.interface import Floats
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.labels import spans_of
from mtl.metrics import micro_f1, span_f1
from mtl.text import SplitWords

_ALL = Request(TEXTS, SplitWords(TEXTS))
_PASS_SECONDS = 0.25  # of the reference over the probe
_LEAST_TEXTS = 8


class Gate:
    """Compares backends with the reference; `notes` takes why the evaluation sample was left out."""

    def __init__(self, prepared: Prepared, notes: list[str]) -> None:
        self._prepared = prepared
        self._tasks = prepared.spec.task_infos()
        self.reference = TorchBackend(prepared.loaded.model)
        begun = machine.clock()
        self._expected = self.runner(self.reference)(_ALL)
        size = round(len(TEXTS) * _PASS_SECONDS / max(machine.clock() - begun, 1e-9))
        texts = TEXTS[: max(_LEAST_TEXTS, size)]
        self.probe = Request(texts, SplitWords(texts))
        """As many sentences as a pass over takes a fixed time, so that a slow model is measured too."""
        self._notes = notes

    def runner(self, backend: Backend) -> Runner:
        """Runs the model with a backend."""
        return Runner(self._prepared.spec, self._prepared.tokenizer, backend, batch_tokens=DEFAULT_BATCH_TOKENS)

    def compare(self, backend: Backend) -> Fidelity:
        """On the probe sentences alone."""
        return self._fidelity(self.runner(backend)(self.probe))

    def compare_all(self, backend: Backend) -> Fidelity:
        """On every sentence, and on the checkpoint's own evaluation sample."""
        runner = self.runner(backend)
        found = self._metrics_of(runner)
        losses = [
            value - found[name] if isfinite(found[name]) else 1.0
            for name, value in self._reference_metrics.items()
            if isfinite(value)
        ]
        return self._fidelity(runner(_ALL)).model_copy(update={"sample_loss": max([0.0, *losses])})

    def _fidelity(self, found: ModelOutput) -> Fidelity:
        expected = self._expected.part(0, len(found.embeddings))
        same, label_f1 = [True], [1.0]
        for name, rows in expected.classes.items():
            task = self._tasks[name]
            if task.multi_label:
                right, chose = (chosen(one, task.thresholds) for one in (rows, found.classes[name]))
                label_f1.append(micro_f1(right, chose) if (right | chose).any() else 1.0)
            else:
                same.append(np.array_equal(found.classes[name].argmax(1), rows.argmax(1)))
        f1 = [_agreement(found.tags[name], rows, self._tasks[name].tags.tags) for name, rows in expected.tags.items()]
        return Fidelity(
            min_cosine=min_cosine(found.embeddings, expected.embeddings),
            same_classes=all(same),
            tag_f1_loss=1 - min(f1, default=1.0),
            label_f1_loss=1 - min(label_f1),
        )

    @cached_property
    def _sample(self) -> Mapping[str, Sequence[Example]]:
        if self._prepared.checkpoint is None:
            return {}
        try:
            return read_sample(self._prepared.checkpoint, self._tasks)
        except DataError as error:
            self._notes.append(f"the evaluation sample was left out: {error}")
            return {}

    @cached_property
    def _reference_metrics(self) -> dict[str, float]:
        return self._metrics_of(self.runner(self.reference))

    def _metrics_of(self, runner: Runner) -> dict[str, float]:
        """The main metric of each task that has a sample."""
        return {
            name: main_metric(self._tasks[name], examples, runner(request_of(self._tasks[name], examples)))
            for name, examples in self._sample.items()
        }


def min_cosine(found: Floats, expected: Floats) -> float:
    """The smallest cosine of two vectors `(N, H)` each; 0 where one is not finite."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosines = (found * expected).sum(axis=1) / lengths.clip(min=1e-12)
    return float(cosines.min()) if np.isfinite(cosines).all() else 0.0


def _agreement(found: list[Decoded], expected: list[Decoded], tags: Sequence[str]) -> float:
    """F1 of the entities found, those of fp32 being right."""
    spans = [[spans_of([tags[tag] for tag in text.tags]) for text in side] for side in (expected, found)]
    return span_f1(*spans)["f1"] if any(map(len, spans[0] + spans[1])) else 1.0
