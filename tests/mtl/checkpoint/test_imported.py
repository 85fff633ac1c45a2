"""Classifiers that transformers wrote answer in the engine as in its pipelines, and can be trained on."""

import json
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
    AutoTokenizer,
    pipeline,
)
from transformers.utils import logging

from mtl.errors import BackboneError, MtlError
from mtl.inference import Engine
from mtl.recipe.choices import TaskKind
from mtl.training import run_in_folder
from tests.mtl.inference.engines import TEXTS
from tests.mtl.recipes import recipe_of
from tests.tiny import WORDS

FP32 = {"backend": "torch", "precision": "fp32"}
TAGS = ("I-PER", "O", "B-LOC", "I-LOC", "B-PER")
SCHEMES = {
    "bio": TAGS,
    "inside only": ("O", "I-LOC", "I-PER"),
    "plain": ("O", "LOC", "PER"),
    "no outside": ("NOUN", "VERB", "B-LOC", "I-LOC"),
    "begin only": ("O", "B-LOC", "B-PER"),
}


def sentences(count: int) -> list[str]:
    """Random sentences with signs, after texts that are hard to count in."""
    draw = random.Random(4)
    words = [*WORDS, ",", ".", "€5", "X1", "don't", "(we)", "naïve", "🙂", "東京"]
    made = [" ".join(draw.choices(words, k=draw.randint(1, 20))) for _ in range(count)]
    return [*(text for text in TEXTS.values() if text.strip()), *made]


def classifier(backbone: Path, folder: Path, labels: Sequence[str], *, tags: bool = False, **config: object) -> Path:
    """A random classifier as transformers saves it, with answers that differ from text to text."""
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    auto = AutoModelForTokenClassification if tags else AutoModelForSequenceClassification
    settings = AutoConfig.from_pretrained(backbone)
    settings.id2label, settings.label2id = dict(enumerate(labels)), {label: i for i, label in enumerate(labels)}
    for key, value in config.items():
        setattr(settings, key, value)
    torch.manual_seed(1)
    model = auto.from_pretrained(backbone, config=settings)
    getattr(model.classifier, "out_proj", model.classifier).weight.data.mul_(20)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(backbone).save_pretrained(folder)
    return folder


def spans_equal(folder: Path, texts: Sequence[str]) -> int:
    """How many entities there are, all as in the pipeline."""
    run = pipeline("token-classification", str(folder), aggregation_strategy="first", device="cpu")
    count = 0
    for text, expected, found in zip(texts, run(list(texts)), Engine.load(folder, **FP32).tag(texts), strict=True):
        keys = ("entity_group", "start", "end")
        assert [tuple(e[k] for k in keys) for e in found["tags"]] == [tuple(e[k] for k in keys) for e in expected], text
        assert [e["score"] for e in found["tags"]] == pytest.approx([e["score"] for e in expected], abs=1e-4)
        count += len(expected)
    return count


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "electra", "mpnet"])
def test_spans_are_those_of_the_pipeline(tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str):
    folder = classifier(backbone_folder(architecture), tmp_path / "m", TAGS, tags=True)
    assert spans_equal(folder, sentences(40)) > 50


@pytest.mark.slow
def test_500_sentences_have_the_spans_of_the_pipeline(tmp_path: Path, tiny_bert: Path):
    assert spans_equal(classifier(tiny_bert, tmp_path / "m", TAGS, tags=True), sentences(500)) > 500


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_scheme_of_tags_is_read_as_the_pipeline_reads_it(tmp_path: Path, tiny_bert: Path, scheme: str):
    assert spans_equal(classifier(tiny_bert, tmp_path / "m", SCHEMES[scheme], tags=True), sentences(20)) > 50


@pytest.mark.parametrize("architecture", ["roberta", "modernbert", "deberta-v2", "xlm-roberta"])
def test_blanks_tell_words_where_the_tokenizer_marks_no_pieces(
    tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str
):
    folder = classifier(backbone_folder(architecture), tmp_path / "m", TAGS, tags=True)
    draw = random.Random(5)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(1, 12))) for _ in range(20)]
    found, run = Engine.load(folder, **FP32).tag(texts), pipeline("ner", str(folder), aggregation_strategy="first")
    for text, expected, got in zip(texts, run(texts), found, strict=True):
        wanted = [(e["entity_group"], text[e["start"] : e["end"]].strip()) for e in expected]
        assert [(e["entity_group"], e["word"]) for e in got["tags"]] == wanted


@pytest.mark.parametrize(
    "architecture",
    ["distilbert", "roberta", "deberta-v2", "deberta", "xlm-roberta", "electra", "mpnet", "albert", "modernbert"],
)
def test_classes_are_those_of_the_pipeline(tmp_path: Path, backbone_folder: Callable[[str], Path], architecture: str):
    same_classes(classifier(backbone_folder(architecture), tmp_path / "m", ["x", "y", "z"]))


@pytest.mark.parametrize(
    "config",
    [
        {"labels": ["x", "y"]},
        {"labels": ["one"]},
        {"labels": ["x", "y", "z"], "problem_type": "multi_label_classification"},
    ],
)
def test_every_kind_of_classifier_is_read_as_the_pipeline_reads_it(tmp_path: Path, tiny_bert: Path, config: dict):
    same_classes(classifier(tiny_bert, tmp_path / "m", **config))


@pytest.mark.parametrize("pooling", ["cls", "mean"])
@pytest.mark.parametrize("has_bias", [False, True])
def test_modernberts_own_pooling_and_biases_are_read(
    tmp_path: Path, backbone_folder: Callable[[str], Path], pooling: str, has_bias: bool
):
    config = {"classifier_pooling": pooling, "classifier_bias": has_bias}
    same_classes(classifier(backbone_folder("modernbert"), tmp_path / "m", ["x", "y", "z"], **config))


def same_classes(folder: Path) -> None:
    texts = sentences(10)
    run = pipeline("text-classification", str(folder), top_k=None, device="cpu")
    found = Engine.load(folder, **FP32).classify(texts)
    for expected, got in zip(run(texts, truncation=True), found, strict=True):
        assert got["classes"] == pytest.approx({e["label"]: e["score"] for e in expected}, abs=1e-4)


@pytest.mark.parametrize(
    ("labels", "tags", "config", "complaint"),
    [
        (["O", "S-PER", "B-PER"], True, {}, "O, B-X and I-X, or plain types were expected, was 'S-PER'"),
        (["O", "PER", "B-PER"], True, {}, "or plain types were expected, was 'PER'"),
        (["O", "B-"], True, {}, "were expected, was 'B-'"),
        (["x"], False, {"problem_type": "regression"}, "this model gives a number"),
    ],
)
def test_heads_that_cannot_be_held_are_refused(
    tmp_path: Path, tiny_bert: Path, labels: list[str], tags: bool, config: dict, complaint: str
):
    with pytest.raises(BackboneError, match=complaint):
        Engine.load(classifier(tiny_bert, tmp_path / "m", labels, tags=tags, **config), **FP32)


def test_weights_of_another_head_are_refused(tmp_path: Path, tiny_bert: Path):
    folder = classifier(tiny_bert, tmp_path / "m", TAGS, tags=True)
    content = json.loads((folder / "config.json").read_text())
    content["id2label"]["5"] = "B-ORG"
    (folder / "config.json").write_text(json.dumps(content))
    with pytest.raises(BackboneError, match="classifier of shape"):
        Engine.load(folder, **FP32)


@pytest.mark.parametrize("kind", TaskKind)
def test_its_task_can_be_trained_on(tmp_path: Path, tiny_bert: Path, kind: TaskKind):
    if kind is TaskKind.SIMILARITY:
        return
    own = {TaskKind.TAGGING: ("tags", "entities"), TaskKind.CLASSIFICATION: ("classes", "topic")}[kind]
    labels = ("O", "B-LOC", "I-LOC", "B-PER") if kind is TaskKind.TAGGING else ("x", "y")
    folder = classifier(tiny_bert, tmp_path / "m", labels, tags=kind is TaskKind.TAGGING)
    recipe = recipe_of(folder, (own[1],), freezing={"preset": "last_layers", "layers": 1}, budget={"max_steps": 4})
    content = recipe.model_dump(mode="json", exclude_unset=True)
    content["tasks"] = {own[0]: content["tasks"][own[1]]}
    for _ in run_in_folder(type(recipe).model_validate(content), tmp_path / "run"):
        pass
    before, after = Engine.load(folder, **FP32), Engine.load(tmp_path / "run" / "last", **FP32)
    known = before.tasks[own[0]].labels
    assert after.tasks[own[0]].labels[: len(known)] == known
    assert len(after.tasks[own[0]].labels) > len(known)
    assert after.tasks[own[0]].head == before.tasks[own[0]].head


@pytest.fixture(scope="module")
def classifiers(backbone_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory):
    """The folder of a classifier by architecture and kind, made once."""
    made: dict[tuple[str, str], Path] = {}

    def folder(architecture: str, kind: str) -> Path:
        if (architecture, kind) not in made:
            tags = kind == "ForTokenClassification"
            labels = TAGS if tags else ("a", "b", "c")
            place = tmp_path_factory.mktemp("classifiers") / f"{architecture}{kind}"
            made[architecture, kind] = classifier(backbone_folder(architecture), place, labels, tags=tags)
        return made[architecture, kind]

    return folder


DAMAGE = {
    "id2label": [
        [],
        ["a"],
        "x",
        5,
        {},
        {"x": "a"},
        {"0": "a", "2": "b"},
        {"1": "a", "2": "b"},
        {"-1": "a"},
        {"00": "a"},
    ],
    **dict.fromkeys(
        ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size", "max_position_embeddings"),
        [None, 0, -1, "big", [], {}, 1.5, 10],
    ),
    **dict.fromkeys(
        ("model_type", "architectures", "hidden_act", "problem_type", "classifier_activation", "classifier_pooling"),
        [None, 0, "x", [], {}, [[]], [None], 1.5],
    ),
}


@pytest.mark.parametrize("architecture", ["bert", "modernbert"])
@pytest.mark.parametrize("kind", ["ForSequenceClassification", "ForTokenClassification"])
@pytest.mark.parametrize(
    ("key", "value"), [(key, value) for key, values in DAMAGE.items() for value in values], ids=str
)
def test_a_damaged_configuration_is_one_sentence(classifiers, tmp_path: Path, architecture, kind, key, value):
    folder = Path(shutil.copytree(classifiers(architecture, kind), tmp_path / "damaged"))
    file = folder / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {key: value}))
    try:
        Engine.load(folder, **FP32)
    except MtlError as error:
        assert str(folder) in str(error) and "\n" not in str(error)
        return
    assert key != "id2label"  # names of other rows would be wrong without a word


@pytest.mark.parametrize("content", ["null", "[]", "5", '"x"', "{}", "{", "\xff"])
def test_a_configuration_that_is_none_is_one_sentence(classifiers, tmp_path: Path, content: str):
    folder = Path(shutil.copytree(classifiers("bert", "ForTokenClassification"), tmp_path / "damaged"))
    (folder / "config.json").write_text(content, encoding="latin-1")
    with pytest.raises(MtlError, match="damaged"):
        Engine.load(folder, **FP32)
