"""What a plan says of doubtful data."""

from pathlib import Path

import pytest

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, TaskData, warnings
from mtl.data.examples import tagged as with_entities
from mtl.data.warnings import data_warnings
from mtl.labels import TypedSpan
from mtl.planning import plan
from mtl.recipe import TaskConfig, TaskKind
from mtl.text import detokenize
from tests.mtl.recipes import recipe_of

KINDS = {LabelledText: TaskKind.CLASSIFICATION, TaggedText: TaskKind.TAGGING, ScoredPair: TaskKind.SIMILARITY}


def warned(train: list, dev: list | None = None, labels: tuple[str, ...] = ("a", "b")) -> list[str]:
    """Warnings of a task; without dev data of its own it has some that says nothing."""
    dev = train[:0] if dev is None else dev
    kind = KINDS[type(train[0])]
    found = list(data_warnings(TaskData("t", TaskConfig(kind=kind), tuple(train), tuple(dev), labels)))
    return [line for line in found if dev or "no dev data" not in line]


def labelled(**counts: int) -> list[LabelledText]:
    return [LabelledText(f"{label} {i}", label) for label, count in counts.items() for i in range(count)]


def tagged(*tags: str) -> TaggedText:
    return TaggedText(detokenize([f"w{i}" for i in range(len(tags))]), tags)


def test_good_data_have_no_warnings():
    assert warned(labelled(a=20, b=20), labelled(a=0) + [LabelledText("new", "a")]) == []


def test_labels_of_sets_are_counted_one_by_one():
    sets = [("a", "b")] * 3 + [("a",)] * 30 + [()] * 4
    train = tuple(MultiLabelText(f"text {i}", own) for i, own in enumerate(sets))
    config = TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True)
    found = list(data_warnings(TaskData("t", config, train, train[:1], ("a", "b", "c"))))
    assert "t: no training example of c" in found
    assert "t: fewer than 5 training examples of b (3)" in found
    assert any("a has 33 examples and b 3" in line for line in found)


def test_a_task_without_dev_data_is_told():
    data = TaskData("t", TaskConfig(kind=TaskKind.CLASSIFICATION), tuple(labelled(a=9, b=9)), (), ("a", "b"))
    assert list(data_warnings(data)) == ["t: no dev data, so it is not evaluated and cannot choose the best checkpoint"]


def test_dev_texts_that_stand_in_train_are_counted():
    train = labelled(a=9, b=9)
    dev = [LabelledText("A 1", "a"), LabelledText("b 2", "a"), LabelledText("b 2", "b"), LabelledText("new", "b")]
    assert warned(train, dev) == [
        "t: 2 dev texts stand in train too, so the dev figures flatter; dev example 1 is train example 2",
        "t: 1 text has different labels in dev, such as 'b 2' in examples 2, 3",
    ]


def test_pairs_are_the_same_where_both_texts_are():
    train = [ScoredPair("a", "b", 0.1), ScoredPair("c", "d", 0.9)]
    dev = [ScoredPair("a", "d", 0.1), ScoredPair("C", "D", 0.2)]
    assert warned(train, dev, ()) == [
        "t: 1 dev texts stand in train too, so the dev figures flatter; dev example 2 is train example 2"
    ]


def test_tagged_texts_are_the_same_where_their_texts_are():
    rows = [tagged("B-X", "O")] * 9
    assert warned(rows, [tagged("O", "O")], ("X",)) == [
        "t: 1 dev texts stand in train too, so the dev figures flatter; dev example 1 is train example 1"
    ]


def test_rare_labels_are_named_with_their_counts():
    assert warned(labelled(a=20, b=4, c=3, d=5)) == ["t: fewer than 5 training examples of b (4), c (3)"]


def test_of_many_rare_labels_five_are_named():
    counts = {label: 2 for label in "abcdefg"}
    assert warned(labelled(**counts)) == [
        "t: fewer than 5 training examples of a (2), b (2), c (2), d (2), e (2) and others"
    ]


def test_entity_types_are_counted_by_entity_and_not_by_word():
    rows = [tagged("B-X", "I-X", "I-X", "O", "B-Y")] * 5 + [tagged("B-Z", "I-Z", "I-Z")] * 4
    assert warned(rows, labels=("X", "Y", "Z")) == ["t: fewer than 5 training examples of Z (4)"]


def test_labels_out_of_balance_are_told():
    assert warned(labelled(a=61, b=6, c=20)) == [
        "t: labels are out of balance, a has 61 examples and b 6; read macro_f1 too"
    ]


def test_ten_to_one_is_still_in_balance():
    assert warned(labelled(a=60, b=6)) == []


def test_a_label_without_a_training_example_is_told():
    assert warned(labelled(a=9, b=9), labels=("a", "b", "c")) == ["t: no training example of c"]


def test_pairs_that_all_have_one_score_are_told():
    assert warned([ScoredPair("a", "b", 0.5), ScoredPair("c", "d", 0.5)], labels=()) == [
        "t: every pair has the same score, so there is nothing to rank"
    ]


def test_labels_that_differ_by_case_or_spaces_are_named_with_examples():
    train = labelled(sport=9, Sport=2, **{"spo rt": 1, "music": 9})
    found = [line for line in warned(train) if "case or spaces" in line]
    assert found == [
        "t: labels of train differ only by case or spaces: 'sport' (9, examples 1, 2, 3 and 6 more), "
        "'Sport' (2, examples 10, 11), 'spo rt' (1, example 12)"
    ]


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        (LabelledText("Good day", "a"), LabelledText("good day", "b"), True),
        (LabelledText("Good day", "a"), LabelledText("good day", "a"), False),
        (tagged("B-X", "O"), tagged("O", "B-X"), True),
        (tagged("B-X", "O"), tagged("B-X", "O"), False),
        (ScoredPair("a", "b", 0.1), ScoredPair("a", "B", 0.9), True),
        (ScoredPair("a", "b", 0.1), ScoredPair("b", "a", 0.9), False),
    ],
)
def test_equal_texts_with_different_labels_are_shown(one: Example, other: Example, differ: bool):
    told = [line for line in warned([one, other]) if "different labels" in line]
    assert bool(told) is differ
    assert not told or told[0].endswith("in examples 1, 2")


def test_one_example_of_each_label_of_a_text_is_shown():
    train = [LabelledText("same", label) for label in "aaaabaac"]
    told = [line for line in warned(train, labels=("a", "b", "c")) if "different labels" in line]
    assert told == ["t: 1 text has different labels in train, such as 'same' in examples 1, 5, 8"]


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("Order 17 is late!", True),
        ("order  18, is LATE", True),
        ("Order 17 is early", False),
        ("late is order", False),
        ("17!", False),
    ],
)
def test_dev_texts_that_are_nearly_those_of_train_are_shown(text: str, near: bool):
    train = [LabelledText("12", "a"), LabelledText("Order 9 is late.", "a"), *labelled(a=9, b=9)]
    told = [line for line in warned(train, [LabelledText("new", "a"), LabelledText(text, "b")]) if "nearly" in line]
    expected = [
        "t: 1 dev texts differ from one of train only by punctuation, numbers or spaces; "
        f"dev example 2 is nearly train example 2 ({text!r})"
    ]
    assert told == (expected if near else [])


def test_entities_that_cut_words_are_shown():
    rows = [
        with_entities("Annabel met Tom.", [TypedSpan(0, 4, "X")]),
        with_entities("Tom met Ann.", [TypedSpan(0, 3, "X")]),
    ]
    assert "t: in 1 example of train an entity begins or ends inside of a word, such as 'Anna' in example 1" in warned(
        rows
    )


def test_a_plan_tells_of_texts_that_the_backbone_does_not_read(tiny_bert: Path, tmp_path: Path):
    readable = [f"the {label} house is old,{label}" for label in "ab" for _ in range(6)]
    train = write(tmp_path, "train.csv", [*readable, "こんにちは 世界 です,a"])
    found = plan(recipe_of(tiny_bert, ["topic"], tasks_topic={"train": train, "dev": []})).warnings
    assert any("1 of the first 13 texts" in line and "example 13 ('こんにちは 世界 です')" in line for line in found)


def write(folder: Path, name: str, rows: list[str]) -> str:
    (folder / name).write_text("\n".join(["text,label", *rows]) + "\n")
    return str(folder / name)


def test_a_plan_tells_of_labels_that_dev_alone_has(tiny_bert: Path, tmp_path: Path):
    train = write(tmp_path, "train.csv", [f"text {i} {label},{label}" for label in "ab" for i in range(6)])
    dev = write(tmp_path, "dev.csv", ["other,a", "another,z"])
    warnings = plan(recipe_of(tiny_bert, ["topic"], tasks_topic={"train": train, "dev": dev})).warnings
    assert warnings == ("topic: dev has labels that train lacks: z",)


@pytest.mark.parametrize("long_texts", ["windows", "cut"])
def test_a_plan_tells_of_texts_that_are_cut(tiny_bert: Path, tmp_path: Path, long_texts: str):
    rows = [f"text {i} {label},{label}" for label in "ab" for i in range(6)]
    rows[3] = " ".join(["long"] * 40) + ",a"
    train = write(tmp_path, "train.csv", rows)
    data = {"train": train, "dev": []}
    recipe = recipe_of(tiny_bert, ["topic"], tasks_topic=data, max_length=20, long_texts=long_texts)
    told = "topic: 1 training texts are longer than 20 tokens and cut" in plan(recipe).warnings
    assert told is (long_texts == "cut")


@pytest.mark.parametrize("freezing", [{"preset": "heads_only", "frozen_heads": "topic"}])
def test_a_plan_tells_of_a_task_that_never_trains(tiny_bert: Path, freezing: dict[str, object]):
    warnings = plan(recipe_of(tiny_bert, ["topic", "sentiment"], freezing=freezing)).warnings
    assert "topic: nothing to train here, it is only measured" in warnings
    assert len(set(warnings)) == len(warnings)


def test_of_very_many_training_examples_a_part_is_looked_at_and_the_warning_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(warnings, "COMPARED", 20)
    near = [LabelledText("A 0!", "a"), LabelledText("B 19?", "b")]
    assert warned(labelled(a=20, b=20), near)[0] == (
        "t: the first 20 of 40 examples were compared with dev for texts that are nearly the same"
    )
    cutting = [with_entities("anna reads", [TypedSpan(1, 3, "PER")]), *[tagged("B-PER", "O")] * 30]
    (line,) = [line for line in warned(cutting, labels=("PER",)) if "inside of a word" in line]
    assert "in 1 example of the first 20 of 31 examples of train" in line
    assert any("dev texts stand in train" in line for line in warned(labelled(a=20, b=20), [LabelledText("b 19", "b")]))
