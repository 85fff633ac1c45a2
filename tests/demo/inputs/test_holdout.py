import json
import random

import pytest

from demo.inputs.holdout import hold_out
from mtl.data import LabelledText, MultiLabelText, ScoredPair, TaggedText, count_labels, read_files, read_task
from mtl.errors import DataError
from mtl.recipe import TaskConfig, TaskKind
from mtl.text import WordedText, detokenize, split_words


def read(kind, path):
    return read_task("t", TaskConfig(kind=kind, train=(str(path),))).train


def test_a_fifth_of_every_label_is_held_out_and_nothing_is_lost(tmp_path):
    examples = [LabelledText(f"text {i}", "ab"[i % 2]) for i in range(50)]
    split = hold_out(examples, tmp_path)
    kept, held = read(TaskKind.CLASSIFICATION, split.train), read(TaskKind.CLASSIFICATION, split.dev)
    assert sorted(e.text for e in (*kept, *held)) == sorted(e.text for e in examples)
    assert [sum(e.label == label for e in held) for label in "ab"] == [5, 5]


def test_the_same_examples_are_held_out_again(tmp_path):
    examples = [LabelledText(f"text {i}", "ab"[i % 2]) for i in range(50)]
    first, second = hold_out(examples, tmp_path / "1"), hold_out(examples, tmp_path / "2")
    assert first.dev.read_text() == second.dev.read_text()


def test_tagged_texts_come_back_as_they_were(tmp_path):
    worded = detokenize(["Ann", "'s", "bus", "to", "Bern", "."])
    tokens = TaggedText(worded, ("B-PER", "O", "O", "O", "B-LOC", "O"))
    raw = "Ann  went to  Bern"
    spans = TaggedText(WordedText(raw, split_words(raw)), ("B-PER", "O", "O", "B-LOC"))
    others = [TaggedText(detokenize([f"word{i}"]), ("B-PER",)) for i in range(8)]
    split = hold_out([tokens, spans, *others], tmp_path)
    found = {*read(TaskKind.TAGGING, split.train), *read(TaskKind.TAGGING, split.dev)}
    assert found == {tokens, spans, *others}


def test_pairs_keep_their_scores(tmp_path):
    split = hold_out([ScoredPair(f"a{i}", f"b{i}", i / 10) for i in range(10)], tmp_path)
    scores = [json.loads(line)["score"] for path in (split.train, split.dev) for line in path.open()]
    assert sorted(scores) == [i / 10 for i in range(10)]


def test_too_few_examples_are_refused(tmp_path):
    with pytest.raises(DataError, match="at least 5"):
        hold_out([LabelledText("a", "b")] * 4, tmp_path)
    with pytest.raises(DataError, match="at least 5 different examples were expected, there are 4"):
        hold_out([LabelledText(text, "b") for text in "abcd" * 9], tmp_path)


def test_of_several_labels_the_rarest_has_its_part_in_both_files(tmp_path):
    sets = [("common", "rare") if i % 5 == 0 else ("common",) if i % 2 else () for i in range(50)]
    split = hold_out([MultiLabelText(f"text {i}", own) for i, own in enumerate(sets)], tmp_path)
    several = TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True)
    kept, held = (read_files(several, [str(file)]) for file in (split.train, split.dev))
    assert [sum("rare" in example.labels for example in part) for part in (kept, held)] == [8, 2]
    assert sorted(example.labels for example in (*kept, *held)) == sorted(sets)


def labelled(text: str, labels: list[str], kind: type):
    if kind is LabelledText:
        return LabelledText(text, labels[0])
    if kind is MultiLabelText:
        return MultiLabelText(text, tuple(sorted(set(labels))))
    words = [text, *(f"w{i}" for i in range(len(labels)))]
    return TaggedText(detokenize(words), ("O", *(f"B-{label}" for label in labels)))


@pytest.mark.parametrize("kind", [LabelledText, MultiLabelText, TaggedText])
@pytest.mark.parametrize("seed", range(8))
def test_every_label_can_still_be_learned(tmp_path, kind: type, seed: int):
    draw = random.Random(seed)
    names = [f"L{i}" for i in range(12)] + ["often"] * 30
    examples = [labelled(f"text {i}", draw.choices(names, k=3), kind) for i in range(40)]
    split = hold_out(examples, tmp_path)
    config = TaskConfig(kind=TaskKind.TAGGING if kind is TaggedText else TaskKind.CLASSIFICATION)
    config = config.model_copy(update={"multi_label": kind is MultiLabelText})
    kept, held = (read_files(config, [str(path)]) for path in (split.train, split.dev))
    assert len(kept) + len(held) == 40
    assert 0 < len(held) <= 8
    assert set(count_labels(kept)) == set(count_labels(examples))


def test_labels_of_which_none_comes_again_are_refused(tmp_path):
    with pytest.raises(DataError, match="labels with two examples or more were expected"):
        hold_out([LabelledText(f"text {i}", f"L{i}") for i in range(9)], tmp_path)


@pytest.mark.parametrize("positives", [1, 2, 5, 30])
@pytest.mark.parametrize("seed", range(6))
def test_pairs_that_belong_together_are_kept_and_sentences_are_held_out_whole(tmp_path, positives: int, seed: int):
    draw = random.Random(seed)
    pairs = [ScoredPair(f"a{draw.randrange(20)}", f"b{i}", float(i < positives)) for i in range(40)]
    draw.shuffle(pairs)
    split = hold_out(pairs, tmp_path)
    config = TaskConfig(kind=TaskKind.SIMILARITY)
    kept, held = (read_files(config, [str(path)]) for path in (split.train, split.dev))
    assert sorted(map(str, (*kept, *held))) == sorted(map(str, pairs))
    assert any(pair.is_positive for pair in kept)
    assert {pair.sentence1 for pair in kept}.isdisjoint(pair.sentence1 for pair in held)
    if len({pair.sentence1 for pair in pairs if pair.is_positive}) >= 3:
        assert any(pair.is_positive for pair in held)


def test_a_sentence_with_all_hard_negatives_may_be_held_out(tmp_path):
    for place in range(5):
        pairs = [ScoredPair(f"a{i}", f"b{i}", 1.0) for i in range(5)] + [ScoredPair(f"a{place}", "c", 0.0)]
        split = hold_out(pairs, tmp_path / str(place))
        kept, held = (
            read_files(TaskConfig(kind=TaskKind.SIMILARITY), [str(path)]) for path in (split.train, split.dev)
        )
        assert len({pair.sentence1 for pair in held}) == 1
        assert len(kept) + len(held) == 6


@pytest.mark.parametrize("kind", [LabelledText, MultiLabelText, TaggedText])
@pytest.mark.parametrize("seed", range(6))
def test_equal_examples_are_all_there_afterwards(tmp_path, kind: type, seed: int):
    draw = random.Random(seed)
    names = ["often", *(f"L{i}" for i in range(12))]
    examples = [labelled(f"text {draw.randrange(30)}", [draw.choice(names)], kind) for _ in range(60)]
    split = hold_out(examples, tmp_path)
    assert sum(len(path.read_text().splitlines()) for path in (split.train, split.dev)) == 60


@pytest.mark.parametrize("kind", [LabelledText, MultiLabelText, TaggedText])
@pytest.mark.parametrize("copies", [1, 3])
@pytest.mark.parametrize("labels", [1, 4])
def test_no_text_is_on_both_sides(tmp_path, kind: type, copies: int, labels: int):
    """Whatever its copies are labelled."""
    rows = [(i, (i + copy * (i % 3)) % labels) for i in range(40) for copy in range(copies)]
    split = hold_out([labelled(f"text {i}", [f"L{label}"], kind) for i, label in rows], tmp_path)
    kept, held = (
        {json.dumps(json.loads(line).get("text", json.loads(line).get("tokens"))) for line in path.open()}
        for path in (split.train, split.dev)
    )
    assert not kept & held
    assert len(held) in (7, 8) and len(kept) + len(held) == 40


def test_equal_pairs_are_all_there_afterwards(tmp_path):
    for seed in range(20):
        draw = random.Random(seed)
        pairs = [ScoredPair(f"a{draw.randrange(8)}", f"b{draw.randrange(2)}", float(i == 0)) for i in range(30)]
        split = hold_out(pairs, tmp_path / str(seed))
        assert sum(len(path.read_text().splitlines()) for path in (split.train, split.dev)) == 30


PAIRS = {
    "few first sentences": [(f"q{i % 4}", f"d{i % 7}") for i in range(60)],
    "swapped": [pair for i in range(10) for pair in ((f"a{i}", f"b{i}"), (f"b{i}", f"a{i}"))],
    "copies": [(f"a{i % 10}", f"b{i % 10}") for i in range(40)],
    "chains": [(f"{i}-{k}", f"{i}-{k + 1}") for i in range(10) for k in range(3)],
    "one long chain": [(f"0-{k}", f"0-{k + 1}") for k in range(30)] + [(f"a{i}", f"b{i}") for i in range(70)],
    "a hub": [("hub", f"h{i}") for i in range(50)] + [(f"q{i}", f"d{i}-{k}") for i in range(50) for k in range(3)],
    "all in both orders": [(f"a{i % 9}", f"b{i // 9}")[:: 1 - 2 * order] for i in range(81) for order in (0, 1)],
    "few": [(f"q{i // 3}", f"d{i}") for i in range(15)],
}
SPLIT = {"few first sentences", "one long chain", "a hub", "all in both orders"}
"""Where sentences connect too many pairs."""


@pytest.mark.parametrize("name", PAIRS)
def test_no_pair_is_on_both_sides_and_no_text_but_of_those_that_are_too_many(tmp_path, name):
    rows = PAIRS[name]
    split = hold_out([ScoredPair(*row, 1.0) for row in rows], tmp_path)
    kept, held = (
        [(row["sentence1"], row["sentence2"]) for row in map(json.loads, path.open())]
        for path in (split.train, split.dev)
    )
    assert sorted([*kept, *held]) == sorted(rows) and len(rows) / 10 <= len(held) <= len(rows) / 3
    assert not set(kept) & set(held)
    parted = {text for pair in kept for text in pair} & {text for pair in held for text in pair}
    if name not in SPLIT:
        assert not parted
    elif name in ("one long chain", "a hub"):
        assert all(text.startswith(("0-", "h")) for text in parted)
    elif name == "all in both orders":
        assert not {frozenset(pair) for pair in kept} & {frozenset(pair) for pair in held}


def test_a_hundred_thousand_labels_that_come_once_are_refused_at_once(tmp_path):
    with pytest.raises(DataError, match="labels with two examples or more were expected"):
        hold_out([LabelledText(f"text {i}", f"L{i}") for i in range(100_000)], tmp_path)
