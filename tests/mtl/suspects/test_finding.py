import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from mtl.data import read_files, write_examples
from mtl.errors import InputError
from mtl.recipe import parse
from mtl.suspects import find_suspects, finding
from tests.mtl.conftest import MINILM
from tests.mtl.recipes import write_easy_data
from tests.tiny import save_backbone


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    return save_backbone("bert", tmp_path_factory.mktemp("backbone"))


def recipe_of(backbone, folder, **tasks):
    return parse({"backbone": str(backbone), "tasks": tasks}, folder=folder)


def write_topics(folder, wrong, *, rows=150):
    """Texts whose every word shows the topic, with another topic in some rows; returns the right topics."""
    words = {"sport": ["team", "match", "won"], "money": ["bank", "bankers"], "trip": ["hotel", "flight"]}
    draw, topics = random.Random(0), list(words)
    right = [topics[i % 3] for i in range(rows)]
    texts = [" ".join(draw.choices(words[topic], k=draw.randint(3, 6))) for topic in right]
    given = [topics[(topics.index(topic) + (i in wrong)) % 3] for i, topic in enumerate(right)]
    lines = [f"{text},{label}" for text, label in zip(texts, given, strict=True)]
    (folder / "topic.csv").write_text("\n".join(["text,label", *lines]) + "\n")
    return right


def test_wrong_classes_are_the_first_suspects_and_the_right_ones_are_suggested(tmp_path):
    wrong = {3, 40, 81, 122}
    right = write_topics(tmp_path, wrong)
    recipe = recipe_of(MINILM, tmp_path, topic={"kind": "classification", "train": "topic.csv"})
    found = find_suspects(recipe, "topic")
    assert {one.row - 1 for one in found.suspects[:4]} == wrong
    assert all(one.suggested == (right[one.row - 1],) != one.given for one in found.suspects[:4])
    assert all((one.task, one.part) == ("topic", "train") for one in found.suspects)
    assert found == find_suspects(recipe, "topic")
    assert [s.score for s in found.suspects] == sorted(s.score for s in found.suspects)


def test_a_wrong_span_is_among_the_first_suspects_in_offsets_of_the_text(tmp_path):
    task = write_easy_data(tmp_path, rounds=60)["names"]
    config = recipe_of(MINILM, tmp_path, names=task).tasks["names"]
    examples = list(read_files(config, config.train))
    wrong = {row: replace(examples[row], tags=("O",) * len(examples[row].tags)) for row in (7, 29, 60)}
    write_examples(tmp_path / "wrong.jsonl", [wrong.get(row, example) for row, example in enumerate(examples)])
    recipe = recipe_of(MINILM, tmp_path, names={"kind": "tagging", "train": "wrong.jsonl"})
    found = find_suspects(recipe, "names", most=8)
    mine = [one for one in found.suspects if one.row - 1 in wrong]
    assert {one.row - 1 for one in mine} == set(wrong)
    assert len(found.suspects) == min(8, found.total)
    for one in mine:
        assert (one.text, one.given) == (examples[one.row - 1].text, ())
        assert all(one.start <= span.start < span.end <= one.end <= len(one.text) for span in one.suggested)


def test_missing_and_additional_labels_of_sets_are_the_first_suspects(tmp_path):
    shown = {"sport": "team", "money": "bank", "trip": "hotel"}
    others, draw, rows = ["old", "new", "very", "her", "his", "on", "at", "for"], random.Random(0), []
    for _ in range(200):
        labels = [label for label in shown if draw.random() < 0.5]
        rows.append(
            {"text": " ".join(["the", *draw.sample(others, 2), *(shown[label] for label in labels)]), "labels": labels}
        )
    wrong = {10: "sport", 60: "sport", 90: "money"}
    lines = [{**row, "labels": sorted({*row["labels"]} ^ {wrong.get(i)} - {None})} for i, row in enumerate(rows)]
    (tmp_path / "about.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n")
    about = {"kind": "classification", "multi_label": True, "train": "about.jsonl"}
    found = find_suspects(recipe_of(MINILM, tmp_path, about=about), "about")
    assert {one.row - 1 for one in found.suspects[:3]} == set(wrong)
    for one in found.suspects[:3]:
        assert set(one.suggested) == set(rows[one.row - 1]["labels"]) != set(one.given)


def test_rows_of_dev_are_counted_on_their_own(tmp_path):
    task = write_easy_data(tmp_path)["topic"]
    lines = Path(task["train"]).read_text().splitlines()
    (tmp_path / "dev.csv").write_text("\n".join([lines[0], "the old new hotel,sport"]) + "\n")
    recipe = recipe_of(MINILM, tmp_path, topic={**task, "dev": "dev.csv"})
    (wrong,) = [one for one in find_suspects(recipe, "topic").suspects if one.part == "dev"]
    assert (wrong.row, wrong.suggested) == (1, ("trip",))


def test_only_so_many_examples_are_looked_at_and_a_note_says_so(backbone, tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "MOST_EXAMPLES", 40)
    recipe = recipe_of(backbone, tmp_path, topic={**write_easy_data(tmp_path)["topic"], "dev": []})
    found = find_suspects(recipe, "topic")
    assert found.examples == 40 and found.notes == ("topic: the first 40 of 60 examples are looked at",)


def test_a_label_with_few_examples_is_not_judged_and_a_note_says_so(backbone, tmp_path):
    task = write_easy_data(tmp_path)["topic"]
    (tmp_path / "more.csv").write_text("text,label\nthe very old new,art\n")
    recipe = recipe_of(backbone, tmp_path, topic={**task, "train": [task["train"], "more.csv"]})
    found = find_suspects(recipe, "topic")
    assert not any("art" in one.given for one in found.suspects)
    assert found.notes == ("topic: labels with fewer than 5 different texts are not judged: art",)


@pytest.mark.parametrize(("task", "message"), [("nothing", "was 'nothing'"), ("pairs", "was 'pairs'")])
def test_a_task_without_labels_is_refused(backbone, tmp_path, task, message):
    with pytest.raises(InputError, match=message):
        find_suspects(recipe_of(backbone, tmp_path, **write_easy_data(tmp_path)), task)


def test_too_few_examples_are_refused(backbone, tmp_path):
    (tmp_path / "few.csv").write_text("text,label\nthe team,a\nthe bank,b\n")
    recipe = recipe_of(backbone, tmp_path, topic={"kind": "classification", "train": "few.csv"})
    with pytest.raises(InputError, match="at least 10 different texts were expected for topic, were 2"):
        find_suspects(recipe, "topic")


def test_equal_texts_count_once(backbone, tmp_path):
    rows = [f"the team {i % 9},{'ab'[i % 2]}" for i in range(60)]
    (tmp_path / "few.csv").write_text("\n".join(["text,label", *rows]) + "\n")
    recipe = recipe_of(backbone, tmp_path, topic={"kind": "classification", "train": "few.csv"})
    with pytest.raises(InputError, match="at least 10 different texts were expected for topic, were 9"):
        find_suspects(recipe, "topic")
    task = write_easy_data(tmp_path)["topic"]
    (tmp_path / "more.csv").write_text("\n".join(["text,label", *["the very old new,art"] * 20]) + "\n")
    found = find_suspects(recipe_of(backbone, tmp_path, topic={**task, "train": [task["train"], "more.csv"]}), "topic")
    assert found.notes == ("topic: labels with fewer than 5 different texts are not judged: art",)
