"""Examples as tokens and targets."""

from pathlib import Path

import pytest
import torch

from mtl.data import LabelledText, ScoredPair, TaggedText, TaskData
from mtl.encoder import Tokenizer, load_backbone
from mtl.model import TaskInfo
from mtl.recipe import HeadConfig, TaskConfig, TaskKind
from mtl.text import detokenize
from mtl.training.prepared import IGNORED, collate, prepare

TOPIC = TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b"), HeadConfig())
NAMES = TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig())
PAIRS = TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig())


@pytest.fixture(scope="module")
def tokenizer(tiny_bert: Path) -> Tokenizer:
    return load_backbone(str(tiny_bert), max_length=16).tokenizer


def data_of(info: TaskInfo, *examples: object) -> TaskData:
    return TaskData(info.name, TaskConfig(kind=info.kind), tuple(examples), (), info.labels)


def test_labels_become_classes(tokenizer: Tokenizer):
    data = data_of(TOPIC, LabelledText("the doctor", "b"), LabelledText("anna", "a"))
    batch = collate(TOPIC, prepare(data, TOPIC, tokenizer), tokenizer)
    assert batch.task == "topic"
    assert batch.targets.tolist() == [1, 0]
    assert batch.tokens.ids.shape == (2, 4)


def test_tags_become_classes_of_the_units_of_the_text(tokenizer: Tokenizer):
    tagged = TaggedText(detokenize(["Anna", "left", "U.K.", "!"]), ("B-PER", "O", "B-LOC", "O"))
    data = data_of(NAMES, tagged, TaggedText(detokenize(["Tom"]), ("B-PER",)))
    batch = collate(NAMES, prepare(data, NAMES, tokenizer), tokenizer)
    assert batch.targets.tolist() == [[3, 0, 1, 2, 2, 2, 0], [3] + [IGNORED] * 6]
    assert batch.tokens.word_mask.sum(1).tolist() == [7, 1]


def test_targets_beyond_the_length_are_outside_the_mask(tokenizer: Tokenizer):
    tagged = TaggedText(detokenize(["doctor"] * 30), ("O",) * 30)
    batch = collate(NAMES, prepare(data_of(NAMES, tagged), NAMES, tokenizer), tokenizer)
    assert batch.tokens.word_mask.sum() == 14
    assert batch.targets.shape == batch.tokens.word_mask.shape


def test_the_two_sides_of_pairs_are_the_halves_of_a_batch(tokenizer: Tokenizer):
    pairs = [ScoredPair("anna met tom", "the doctor", 0.25), ScoredPair("hotel", "river bank", 1.0)]
    examples = prepare(data_of(PAIRS, *pairs), PAIRS, tokenizer)
    batch = collate(PAIRS, examples, tokenizer)
    expected = tokenizer.pad(tokenizer(["anna met tom", "hotel", "the doctor", "river bank"]))
    assert torch.equal(batch.tokens.ids, expected.ids)
    assert torch.equal(batch.targets, torch.tensor([0.25, 1.0]))


def test_a_pair_counts_the_tokens_of_both_sides_padded(tokenizer: Tokenizer):
    (example,) = prepare(data_of(PAIRS, ScoredPair("anna met tom", "doctor", 1.0)), PAIRS, tokenizer)
    assert len(example) == 2 * 5


def test_padding_is_no_part_of_the_token_count(tokenizer: Tokenizer):
    data = data_of(TOPIC, LabelledText("anna met tom", "a"), LabelledText("hotel", "b"))
    assert collate(TOPIC, prepare(data, TOPIC, tokenizer), tokenizer).token_count == 5 + 3


def test_labels_that_the_head_lacks_are_ignored(tokenizer: Tokenizer):
    topics = data_of(TOPIC, LabelledText("anna", "c"))
    assert collate(TOPIC, prepare(topics, TOPIC, tokenizer), tokenizer).targets.tolist() == [IGNORED]
    names = data_of(NAMES, TaggedText(detokenize(["Tom", "ran"]), ("B-NEW", "O")))
    assert collate(NAMES, prepare(names, NAMES, tokenizer), tokenizer).targets.tolist() == [[IGNORED, 0]]
