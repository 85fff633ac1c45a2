"""`config.json` of an ONNX export: what a program needs beside the graph and the tokenizer."""

import json
import re
from collections.abc import Sequence
from typing import Any

from mtl.decoding import TagDecoder
from mtl.exports.onnx.graph import INPUTS
from mtl.inference.spec import EngineSpec
from mtl.recipe.choices import TaskKind, WordSplitting
from mtl.task import TaskInfo
from mtl.text.plain_pattern import plain_pattern

_STRINGS_AND_NUMBERS = re.compile(r'"(?:[^"\\]|\\.)*"|\[[-\d.e,\s]+\]')


def config_json(spec: EngineSpec, inputs: Sequence[str], outputs: Sequence[str]) -> str:
    """The configuration of a graph with these inputs and outputs.

    `inputs` names the field of an `Encoding` of the library `tokenizers` for each input. `tasks` are in the order of
    the outputs after the embedding: a classification task has `labels`, and for a multi-label task `limits`, the
    probability from which each one is chosen, else null; a tagging task has `tags` and what its decoding adds up beside
    the emissions: `transitions` `[from][to]` and `starts`; the logarithms of its marginals are to be divided by its
    `temperature`, as those of classes are already. `word_pattern` finds the words of a text, by Python's `re` and, with
    the flag `u`, JavaScript's.
    """
    decoders, tasks = spec.decoders(), spec.task_infos()
    splitting = WordSplitting.CHARACTERS if spec.splitting is WordSplitting.ICU else spec.splitting
    shown = {
        name: _tagging(task, decoders[name]) if name in decoders else _classification(task)
        for name, task in tasks.items()
        if task.kind is not TaskKind.SIMILARITY
    }
    content = {
        "format": "polyhead-onnx-1",
        "dimension": spec.embedding_dimension,
        "normalized": spec.normalize,
        "max_length": spec.window.max_length,
        "pad_id": spec.window.pad_id,
        "inputs": {name: INPUTS[name] for name in inputs},
        "outputs": list(outputs),
        "tasks": shown,
        "word_pattern": plain_pattern(splitting) if decoders else "",
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return _STRINGS_AND_NUMBERS.sub(_on_one_line, text) + "\n"


def _on_one_line(found: re.Match[str]) -> str:
    """A list of numbers on one line; a string as it is, which may look like one."""
    return found.group() if found.group().startswith('"') else " ".join(found.group().split())


def _classification(task: TaskInfo) -> dict[str, Any]:
    limits = list(task.limits.values()) if task.multi_label else None
    return {"kind": task.kind, "labels": task.labels, "multi_label": task.multi_label, "limits": limits}


def _tagging(task: TaskInfo, decoder: TagDecoder) -> dict[str, Any]:
    counted = 0 if decoder.is_argmax else 1
    return {
        "kind": task.kind,
        "labels": task.labels,
        "tags": decoder.tags,
        "crf": decoder.is_crf,
        "transitions": (counted * decoder.transitions).tolist(),
        "starts": (counted * decoder.starts).tolist(),
        "temperature": task.temperature,
    }
