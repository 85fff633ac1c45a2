import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mtl.data import read_files, write_examples
from mtl.errors import InputError
from mtl.labels import TypedSpan
from mtl.recipe import parse
from mtl.suspects import find_suspects, finding, held_out
from tests.mtl.recipes import write_easy_data, write_easy_labels
from tests.tiny import save_backbone


@pytest.fixture(scope="module")
def backbone(tmp_path_factory):
    return save_backbone("bert", tmp_path_factory.mktemp("backbone"))


@pytest.fixture(autouse=True)
def weak_regularisation(monkeypatch):
    """The tiny backbone has 16 features, which a strong one would not let tell three words apart."""
    monkeypatch.setattr(held_out, "_C", 10.0)


def recipe_of(backbone, folder, **tasks):
    return parse({"backbone": str(backbone), "tasks": tasks}, folder=folder)


def test_a_wrong_class_is_among_the_first_suspects_and_the_right_one_is_suggested(backbone, tmp_path):
    task = write_easy_data(tmp_path)["topic"]
    rows = list(csv.DictReader(Path(task["train"]).read_text().splitlines()))
    right = [row["label"] for row in rows]
    for row in (3, 30, 41):
        rows[row]["label"] = {"sport": "money", "money": "trip", "trip": "sport"}[right[row]]
    with open(tmp_path / "wrong.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["text", "label"])
        writer.writeheader()
        writer.writerows(rows)
    recipe = recipe_of(backbone, tmp_path, topic={"kind": "classification", "train": "wrong.csv"})
    found = find_suspects(recipe, "topic")
    first = {one.row - 1: one for one in found.suspects[:6]}
    assert len({3, 30, 41} & set(first)) >= 2
    for row in {3, 30, 41} & set(first):
        assert (first[row].text, first[row].given) == (rows[row]["text"], (rows[row]["label"],))
        assert first[row].suggested == (right[row],)
    assert found == find_suspects(recipe, "topic")
    assert [s.score for s in found.suspects] == sorted(s.score for s in found.suspects)


def test_a_wrong_span_is_among_the_first_suspects_in_offsets_of_the_text(backbone, tmp_path):
    task = write_easy_data(tmp_path, rounds=40)["names"]
    config = recipe_of(backbone, tmp_path, names=task).tasks["names"]
    examples = list(read_files(config, config.train))
    first, second = examples[7].char_spans()
    other = {"PER": "LOC", "LOC": "PER"}[first.label]
    tags = tuple(tag.replace(first.label, other) if tag.endswith(first.label) else tag for tag in examples[7].tags)
    wrong = replace(examples[7], tags=tags) if first.label != second.label else replace(examples[7], tags=("O",) * 5)
    write_examples(tmp_path / "wrong.jsonl", [*examples[:7], wrong, *examples[8:]])
    recipe = recipe_of(backbone, tmp_path, names={"kind": "tagging", "train": "wrong.jsonl"})
    found = find_suspects(recipe, "names", most=3)
    mine = [one for one in found.suspects if one.row == 8]
    assert mine and mine[0].given == wrong.char_spans()
    assert all(isinstance(span, TypedSpan) and span.end <= len(one.text) for one in mine for span in one.suggested)
    assert mine[0].start < mine[0].end <= len(mine[0].text)
    assert len(found.suspects) <= 3 <= found.total or found.total == len(found.suspects)


def test_a_missing_and_an_additional_label_of_a_set_are_suggested_back(backbone, tmp_path):
    task = write_easy_labels(tmp_path, rounds=150)
    rows = [json.loads(line) for line in Path(task["train"]).read_text().splitlines()]
    true = [set(row["labels"]) for row in rows]
    for row in (10, 20, 30, 40):
        rows[row]["labels"] = sorted(true[row] ^ {"sport"})
    (tmp_path / "wrong.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    about = {"kind": "classification", "multi_label": True, "train": "wrong.jsonl"}
    found = find_suspects(recipe_of(backbone, tmp_path, about=about), "about")
    first = {one.row - 1: one for one in found.suspects[:8]}
    hits = {10, 20, 30, 40} & set(first)
    assert len(hits) >= 2
    assert all(set(first[row].suggested) == true[row] for row in hits)


def test_rows_of_dev_are_counted_on_their_own(backbone, tmp_path):
    task = write_easy_data(tmp_path)["topic"]
    lines = Path(task["train"]).read_text().splitlines()
    (tmp_path / "dev.csv").write_text("\n".join([lines[0], "the old new hotel,sport"]) + "\n")
    recipe = recipe_of(backbone, tmp_path, topic={**task, "dev": "dev.csv"})
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
    assert found.notes == ("topic: labels with fewer than 5 examples are not judged: art",)


@pytest.mark.parametrize(("task", "message"), [("nothing", "was 'nothing'"), ("pairs", "was 'pairs'")])
def test_a_task_without_labels_is_refused(backbone, tmp_path, task, message):
    with pytest.raises(InputError, match=message):
        find_suspects(recipe_of(backbone, tmp_path, **write_easy_data(tmp_path)), task)


def test_too_few_examples_are_refused(backbone, tmp_path):
    (tmp_path / "few.csv").write_text("text,label\nthe team,a\nthe bank,b\n")
    recipe = recipe_of(backbone, tmp_path, topic={"kind": "classification", "train": "few.csv"})
    with pytest.raises(InputError, match="at least 10 examples were expected for topic, were 2"):
        find_suspects(recipe, "topic")
