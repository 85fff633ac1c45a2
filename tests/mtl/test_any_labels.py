"""Labels of any characters through training, evaluation, checkpoint, engine, files and command line."""

import json
import random
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mtl.checkpoint import read_config
from mtl.checkpoint.sample import read_sample
from mtl.data import LabelledText, TaggedText, read_files, write_examples
from mtl.inference import Engine
from mtl.labels import TagSet
from mtl.recipe import TaskConfig, parse
from mtl.runs import Evaluated, RunFolder
from mtl.text import detokenize
from mtl.training import run_in_folder
from tests.mtl.cli.calling import succeed
from tests.mtl.data.generated import NASTY
from tests.tiny import EXACT, WORDS

TASKS = ("topic", "names", "crf")
LABELS = tuple(sorted(NASTY))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A file of each kind in which every label occurs."""
    draw, folder = random.Random(0), tmp_path_factory.mktemp("data")
    topics = [LabelledText(" ".join(draw.sample(WORDS, 4)), label) for label in LABELS for _ in range(2)]
    names = []
    for label in LABELS:
        words = draw.sample(WORDS, 4)
        names.append(TaggedText(detokenize(words), ("O", f"B-{label}", f"I-{label}", "O")))
    write_examples(folder / "topic.jsonl", topics)
    write_examples(folder / "names.jsonl", names)
    return {"topic": folder / "topic.jsonl", "names": folder / "names.jsonl", "crf": folder / "names.jsonl"}


@pytest.fixture(scope="module")
def run(tiny_bert: Path, data: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = tmp_path_factory.mktemp("run") / "labels"
    files = {name: {"train": str(file), "dev": str(file)} for name, file in data.items()}
    recipe = parse(
        {
            "backbone": str(tiny_bert),
            "tasks": {
                "topic": {"kind": "classification", **files["topic"]},
                "names": {"kind": "tagging", **files["names"]},
                "crf": {"kind": "tagging", "head": {"decoder": "crf"}, **files["crf"]},
            },
            "freezing": {"preset": "heads_only"},
            "budget": {"epochs": 100, "max_steps": 6},
            "evaluation": {"best": "names/f1/a/b"},
        },
        folder=folder.parent,
    )
    for _ in run_in_folder(recipe, folder):
        pass
    return RunFolder(folder)


@pytest.fixture(scope="module")
def engine(run: RunFolder) -> Engine:
    return Engine.load(str(run.last), **EXACT)


def labels_of(metrics: dict[str, float], task: str) -> set[str]:
    prefix = f"eval/{task}/f1/"
    return {key.removeprefix(prefix) for key in metrics if key.startswith(prefix)}


def test_training_measures_every_label(run: RunFolder):
    measured = [event for event in run.events() if isinstance(event, Evaluated)][-1]
    assert all(labels_of(dict(measured.metrics), task) == set(LABELS) for task in TASKS)


def test_a_checkpoint_keeps_labels_and_examples(run: RunFolder, engine: Engine, data: dict[str, Path]):
    assert {name: task.labels for name, task in read_config(run.last).tasks.items()} == dict.fromkeys(TASKS, LABELS)
    sample = read_sample(run.last, engine.tasks)
    for name in TASKS:
        assert set(sample[name]) <= set(read_files(TaskConfig(kind=engine.tasks[name].kind), [str(data[name])]))


def test_an_engine_answers_with_the_labels(engine: Engine):
    (analysis,) = engine.analyze(["anna visited rome"])
    assert set(analysis.classes["topic"]) == set(LABELS)
    found = {entity["entity_group"] for task in ("names", "crf") for entity in analysis.entities[task]}
    assert found <= set(LABELS)


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_files_of_predictions_have_the_labels(run: RunFolder, tmp_path: Path, suffix: str):
    texts, out = tmp_path / "texts.txt", tmp_path / f"out{suffix}"
    texts.write_text("anna visited rome\nthe film was bad\n")
    succeed("predict", run.last, texts, out, "--precision", "fp32")
    rows = pq.read_table(out).to_pylist() if suffix == ".parquet" else [json.loads(line) for line in out.open()]
    assert all(set(row["classes"]["topic"]) == set(LABELS) for row in rows)


@pytest.mark.parametrize("task", TASKS)
def test_the_command_line_measures_every_label(run: RunFolder, data: dict[str, Path], tmp_path: Path, task: str):
    out = tmp_path / "metrics.json"
    succeed("evaluate", run.last, "--data", f"{task}={data[task]}", "--json", out)
    assert labels_of(json.loads(out.read_text()), task) == set(LABELS)


def test_tags_of_any_types_follow_each_other_only_within_one(engine: Engine):
    tags = TagSet(LABELS)
    legal = tags.legal_transitions()
    for i, first in enumerate(tags.tags):
        for j, second in enumerate(tags.tags):
            assert legal[i, j] == (second[:2] != "I-" or (first != "O" and first[2:] == second[2:]))
