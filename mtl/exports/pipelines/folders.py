"""A folder for each task that a pipeline of transformers can run, without code of its own."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from mtl.checkpoint.imported import TASK_KEY
from mtl.checkpoint.store import LoadedModel
from mtl.errors import InputError
from mtl.exports.card import write_card
from mtl.exports.encoder_files import save_model, write_tokenizer
from mtl.exports.pipelines.classification import classifier_of
from mtl.exports.pipelines.layers import NotHeldError
from mtl.exports.pipelines.tagging import tagger_of
from mtl.exports.pipelines.tokenizer import pipeline_tokenizer, tells_words
from mtl.exports.report import ExportLog
from mtl.model import MultiTaskModel
from mtl.recipe.choices import Decoder, TaskKind
from mtl.task import TaskInfo

_STOCK: dict[TaskKind, Callable[[MultiTaskModel, str], PreTrainedModel]] = {
    TaskKind.CLASSIFICATION: classifier_of,
    TaskKind.TAGGING: tagger_of,
}
_PIPELINES = {TaskKind.CLASSIFICATION: "text-classification", TaskKind.TAGGING: "token-classification"}


def write(loaded: LoadedModel, folder: Path, log: ExportLog) -> None:
    """Write the tasks; one that cannot be held is left out and named.

    Raises:
        InputError: no task can be held.
    """
    written = 0
    tokenizer = pipeline_tokenizer(loaded)
    for name, task in loaded.model.tasks.items():
        if task.kind not in _STOCK:
            log.note(f"{name} is left out: no pipeline of transformers compares two texts by their embeddings")
            continue
        try:
            model = _STOCK[task.kind](loaded.model, name)
        except NotHeldError as error:
            log.note(f"{name} is left out: {error.message}")
            continue
        _name_labels(model, task)
        save_model(model, folder / name)
        write_tokenizer(tokenizer, folder / name)
        _write_card(loaded, folder, task)
        if not _fits_half(model):
            log.note(f"{name}: its weights need the range of float32 or bfloat16, float16 gives wrong answers")
        _note_losses(task, log, words=tells_words(tokenizer))
        written += 1
    if not written:
        reasons = "; ".join(log.notes) or "the model has no task"
        raise InputError(f"a task that a pipeline of transformers can run was expected: {reasons}")
    most = loaded.tokenizer.max_length
    log.note(
        f"a text of more than {most} tokens is cut there by token-classification, and by text-classification with "
        "truncation=True; Polyhead reads it in windows"
    )


def _fits_half(model: PreTrainedModel) -> bool:
    """Whether float16 holds all weights, but for those that are as good as zero for their neighbours."""
    limits = torch.finfo(torch.float16)
    largest = [float(parameter.detach().abs().max()) for parameter in model.parameters() if parameter.numel()]
    return all(not size or limits.tiny < size < limits.max for size in largest)


def _name_labels(model: PreTrainedModel, task: TaskInfo) -> None:
    labels = task.tags.tags if task.kind is TaskKind.TAGGING else task.labels
    config: Any = model.config
    config.id2label = dict(enumerate(labels))
    setattr(config, TASK_KEY, task.name)
    config.label2id = {label: i for i, label in enumerate(labels)}
    if task.kind is TaskKind.CLASSIFICATION:
        single = None if len(labels) == 1 else "single_label_classification"
        config.problem_type = "multi_label_classification" if task.multi_label else single


def _write_card(loaded: LoadedModel, folder: Path, task: TaskInfo) -> None:
    name = _PIPELINES[task.kind]
    options = ', aggregation_strategy="first"' if task.kind is TaskKind.TAGGING else ", truncation=True"
    lines = f'from transformers import pipeline\n\npipeline("{name}", "this/folder"{options})("A sentence.")'
    write_card(loaded, folder / task.name, library="transformers", pipeline=name, usage=lines)


def _note_losses(task: TaskInfo, log: ExportLog, *, words: bool) -> None:
    name = task.name
    if task.multi_label:
        log.note(f"{name}: the pipeline gives a probability for each label (top_k=None), its thresholds are not held")
    if task.kind is not TaskKind.TAGGING:
        return
    if task.head.decoder is Decoder.CRF:
        log.note(f"{name}: the transitions of its CRF are not held, so its entities and scores may differ")
    elif task.head.decoder is Decoder.LINEAR:
        log.note(
            f"{name}: the pipeline takes the best tag of each word, also where these are no legal sequence, so some "
            "entities differ; heads with decoder: argmax do the same here"
        )
    if not words:
        log.note(
            f"{name}: with this tokenizer the pipeline tells words by blanks alone: a sign that stands at a word is "
            "read with it; blanks around signs give equal entities"
        )
