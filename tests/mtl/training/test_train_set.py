"""Training examples as windows and targets, and batches of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer

from mtl import scratch
from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, read_files, stored
from mtl.data.examples import tagged
from mtl.encoder import load_backbone, token_batch
from mtl.heads import ClassificationHead
from mtl.labels import TypedSpan
from mtl.model import TaskInfo
from mtl.recipe import Decoder, HeadConfig, TaskConfig, TaskKind
from mtl.recipe.choices import LongTexts
from mtl.text import detokenize, storing
from mtl.text.windows import WindowTokenizer
from mtl.training.targets import IGNORED
from mtl.training.train_set import TrainSet, make_batch, train_sets

TOPIC = TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b"), HeadConfig())
NAMES = TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig())
CRF = TaskInfo("crf", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder=Decoder.CRF))
PAIRS = TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig())
LONG = "The old doctor met anna. " * 6  # more than two windows of 16 tokens


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> WindowTokenizer:
    return load_backbone(str(tiny_bert), max_length=16).tokenizer


def set_of(tokenizer: WindowTokenizer, task: TaskInfo, *examples: Example) -> TrainSet:
    return train_sets({task.name: task}, {task.name: examples}, tokenizer, joint=True)[task.name]


def every(data: TrainSet) -> range:
    return range(len(data))


def test_labels_become_classes(tokenizer: WindowTokenizer):
    data = set_of(tokenizer, TOPIC, LabelledText("the doctor", "b"), LabelledText("anna", "a"))
    batch = make_batch(data, every(data))
    assert batch.targets["topic"].values.tolist() == [1, 0]
    assert batch.tokens.ids.shape == (2, 4)
    assert batch.token_count == 4 + 3


def test_tags_become_classes_of_the_units_of_the_text(tokenizer: WindowTokenizer):
    tagged = TaggedText(detokenize(["Anna", "left", "U.K.", "!"]), ("B-PER", "O", "B-LOC", "O"))
    data = set_of(tokenizer, NAMES, tagged, TaggedText(detokenize(["Tom"]), ("B-PER",)))
    batch = make_batch(data, every(data))
    assert batch.targets["names"].values.tolist() == [[3, 0, 1, 2, 2, 2, 0], [3] + [IGNORED] * 6]
    assert batch.tokens.word_mask.sum(1).tolist() == [7, 1]


def test_where_long_texts_are_cut_so_are_their_tags(tokenizer: WindowTokenizer):
    tagged = TaggedText(detokenize(["doctor"] * 30), ("O",) * 29 + ("B-PER",))
    data = set_of(tokenizer.with_long_texts(LongTexts.CUT), NAMES, tagged)
    batch = make_batch(data, every(data))
    assert batch.tokens.word_mask.sum() == 14
    assert batch.targets["names"].values.tolist() == [[0] * 14]


def test_the_two_sides_of_pairs_are_the_halves_of_the_embeddings(tokenizer: WindowTokenizer):
    pairs = [ScoredPair("anna met tom", "the doctor", 0.25), ScoredPair("hotel", "river bank", 1.0)]
    data = set_of(tokenizer, PAIRS, *pairs)
    batch = make_batch(data, [1, 0])
    assert batch.tokens.texts.tolist() == [0, 2, 1, 3]
    assert batch.targets["pairs"].values.tolist() == [1.0, 0.25]
    assert data.lengths.tolist() == [2 * 5, 2 * 4]


def test_labels_that_the_head_lacks_are_ignored(tokenizer: WindowTokenizer):
    data = set_of(tokenizer, TOPIC, LabelledText("anna", "c"))
    assert make_batch(data, [0]).targets["topic"].values.tolist() == [IGNORED]
    data = set_of(tokenizer, NAMES, TaggedText(detokenize(["Tom", "ran"]), ("B-NEW", "O")))
    assert make_batch(data, [0]).targets["names"].values.tolist() == [[IGNORED, 0]]


def test_a_long_text_of_classification_is_an_example_a_window_and_its_loss_the_mean_by_shares(
    tokenizer: WindowTokenizer,
):
    data = set_of(tokenizer, TOPIC, LabelledText("anna", "a"), LabelledText(LONG, "b"))
    assert len(data) > 3
    batch = make_batch(data, every(data))
    targets = batch.targets["topic"]
    assert targets.values.tolist() == [0] + [1] * (len(data) - 1)
    assert float(targets.shares[1:].sum()) == pytest.approx(1)
    logits = torch.randn(len(data), 2, generator=torch.Generator().manual_seed(0))
    head = ClassificationHead(HeadConfig(), size=4, classes=2).eval()
    logs = torch.log_softmax(logits, -1)
    owned = torch.from_numpy(data.texts.owned.astype(np.float32))[1:]
    text = -(logs[1:, 1] * owned).sum() / owned.sum()
    torch.testing.assert_close(head.loss(logits, targets.values, targets.shares), (text - logs[0, 0]) / 2)


def test_a_long_tagged_text_is_an_example_a_sentence_and_no_tag_is_lost(tokenizer: WindowTokenizer):
    words = LONG.replace(".", " .").split()
    tags = ["B-PER" if word == "anna" else "O" for word in words]
    data = set_of(tokenizer, NAMES, TaggedText(detokenize(words), tuple(tags)))
    assert len(data) == 6
    found = make_batch(data, every(data)).targets["names"].values
    assert (found == 3).sum() == 6
    assert (found != IGNORED).sum() == len(words)


def test_a_sentence_over_several_windows_is_one_sequence_of_a_crf(tokenizer: WindowTokenizer):
    words = ["doctor"] * 40
    tags = ("O",) * 12 + ("B-PER",) + ("I-PER",) * 27
    data = set_of(tokenizer, CRF, TaggedText(detokenize(words), tags), TaggedText(detokenize(["hi"]), ("O",)))
    assert len(data) == 2
    batch = make_batch(data, [1, 0])
    targets = batch.targets["crf"]
    assert [int((row >= 0).sum()) for row in targets.sentences] == [1, 40]
    joined = targets.values.flatten()[targets.sentences[1]]
    assert joined.tolist() == [0] * 12 + [3] + [4] * 27


def test_a_pair_with_a_long_text_has_the_mean_of_its_windows_by_their_shares(tiny_bert: Path):
    backbone = load_backbone(str(tiny_bert), max_length=16)
    data = set_of(backbone.tokenizer, PAIRS, ScoredPair("hotel", LONG, 0.5))
    with torch.no_grad():
        embedding = backbone.encoder(make_batch(data, [0]).tokens).embedding
        pooled = backbone.encoder(token_batch(data.texts.batch(range(len(data.texts.lengths))))).pooled
    owned = torch.from_numpy(data.texts.owned.astype(np.float32))[1:]
    expected = (pooled[1:] * owned[:, None]).sum(0) / owned.sum()
    torch.testing.assert_close(embedding, torch.stack([pooled[0], expected]), rtol=0, atol=1e-5)


def tagged_of(text: str) -> TaggedText:
    worded = detokenize(text.split())
    return TaggedText(worded, tuple("B-PER" if word == "anna" else "O" for word in text.split()))


TEXTS = ("anna met tom", "the hotel", "anna met tom", LONG.replace(".", " .").strip())


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 1, 0, 2)])
def test_tasks_that_label_the_same_texts_share_a_set_whatever_the_order(
    tokenizer: WindowTokenizer, order: tuple[int, ...]
):
    tagged = [tagged_of(text) for text in TEXTS]
    labelled = [LabelledText(one.text, "ab"[i % 2]) for i, one in enumerate(tagged)]
    examples = {"topic": [labelled[i] for i in order], "names": tagged}
    tasks = {"topic": TOPIC, "names": NAMES}
    (data,) = train_sets(tasks, examples, tokenizer, joint=True).values()
    assert list(data.tasks) == ["topic", "names"]
    assert len(data) == 4
    for row, i in enumerate(order):
        batch = make_batch(data, [row])
        classes = batch.targets["topic"].values
        assert set(classes[classes != IGNORED].tolist()) == {i % 2}
        assert (batch.targets["names"].values == 3).sum() == tagged[i].tags.count("B-PER")
    assert list(train_sets(tasks, examples, tokenizer, joint=False)) == ["topic", "names"]


def test_tasks_with_other_texts_have_sets_of_their_own(tokenizer: WindowTokenizer):
    examples = {"topic": [LabelledText("anna met tom", "a")], "names": [tagged_of("anna met tim")]}
    assert list(train_sets({"topic": TOPIC, "names": NAMES}, examples, tokenizer, joint=True)) == ["topic", "names"]


def test_taggings_that_cut_the_words_of_a_text_differently_have_sets_of_their_own(tokenizer: WindowTokenizer):
    one, two = TypedSpan(0, 2, "PER"), TypedSpan(2, 4, "PER")
    other = replace(NAMES, name="other")
    tasks = {"names": NAMES, "other": other}
    cut, whole = tagged("anna met tom", [one, two]), tagged("anna met tom", [replace(one, end=4)])
    for first, second, names in (
        (cut, whole, ["names", "other"]),
        (cut, cut, ["names + other"]),
        (whole, whole, ["names + other"]),
    ):
        sets = train_sets(tasks, {"names": [first], "other": [second]}, tokenizer, joint=True)
        assert list(sets) == names
        for data in sets.values():
            assert all(len(found) == data.texts.word_counts.sum() for found in data.targets.values())


@pytest.mark.parametrize("chunk", [1, 2, 4096])
@pytest.mark.parametrize("in_memory", [0, 1 << 20])
def test_what_training_sees_of_a_file_is_its_rows(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int, in_memory: int
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(stored, "CHUNK", chunk)
    monkeypatch.setattr(storing, "CHUNK", chunk)
    monkeypatch.setattr(scratch, "IN_MEMORY", in_memory)
    rows = [("anna met tom", "b"), ("the hotel", "a"), ("a good film by the river", "b"), ("vote", "a"), ("moon", "b")]
    (tmp_path / "t.csv").write_text("text,label\n" + "".join(f"{text},{label}\n" for text, label in rows))
    examples = read_files(TaskConfig(kind="classification"), [str(tmp_path / "t.csv")])
    backbone = load_backbone(str(tiny_bert), max_length=16)
    (data,) = train_sets({"topic": TOPIC}, {"topic": examples}, backbone.tokenizer, joint=True).values()
    reference = AutoTokenizer.from_pretrained(tiny_bert)
    ids = [reference(text)["input_ids"] for text, _ in rows]
    assert data.lengths.tolist() == [len(one) for one in ids]
    for row, (_, label) in enumerate(rows):
        batch = make_batch(data, [row])
        assert batch.tokens.ids.tolist() == [ids[row]]
        assert batch.targets["topic"].values.tolist() == ["ab".index(label)]
    batch = make_batch(data, [4, 0, 2])
    assert [one[mask == 1].tolist() for one, mask in zip(batch.tokens.ids, batch.tokens.mask, strict=True)] == [
        ids[4],
        ids[0],
        ids[2],
    ]


@pytest.mark.parametrize("chunk", [1, 3, 4096])
def test_each_kind_of_task_is_the_same_in_chunks(
    tokenizer: WindowTokenizer, monkeypatch: pytest.MonkeyPatch, chunk: int
):
    monkeypatch.setattr(storing, "CHUNK", chunk)
    several = TaskInfo("tones", TaskKind.CLASSIFICATION, ("x", "y", "z"), HeadConfig(), multi_label=True)
    sets = [("y",), (), ("x", "z"), ("x",)]
    data = set_of(tokenizer, several, *(MultiLabelText(t, labels) for t, labels in zip(SHORT, sets, strict=True)))
    flags = make_batch(data, every(data)).targets["tones"].values
    assert flags.tolist() == [[float(label in own) for label in "xyz"] for own in sets]
    data = set_of(tokenizer, PAIRS, *(ScoredPair(text, "the moon", i / 4) for i, text in enumerate(SHORT)))
    batch = make_batch(data, [3, 1])
    assert batch.targets["pairs"].values.tolist() == [0.75, 0.25]
    assert batch.tokens.texts.tolist() == [0, 2, 1, 3]
    data = set_of(tokenizer, NAMES, *map(tagged_of, TEXTS))
    found = [make_batch(data, [row]).targets["names"].values.tolist()[0] for row in range(3)]
    assert found == [[3, 0, 0], [0, 0], [3, 0, 0]]
    assert len(data) == 3 + 6  # the last text is long, so that each of its sentences is an example


SHORT = ("anna met tom", "the hotel", "vote", "a river bank")
