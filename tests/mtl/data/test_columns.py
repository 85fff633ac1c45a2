"""Columns: named in a recipe or guessed with a note, and never guessed where nobody reads the note."""

from pathlib import Path

import pytest

from mtl.data import LabelledText, ScoredPair, TaggedText, read_files, read_task
from mtl.data.columns import guess
from mtl.errors import DataError, RecipeError
from mtl.recipe import Recipe, TaskConfig, parse

WORDS = ("the soup was cold", "we left at once", "never again, thanks")


def rows(**columns: list[str]) -> list[dict[str, str]]:
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


IDS, NUMBERS, URLS = ["a1f", "b2c", "c3d"], ["1", "2", "3"], ["http://x.y/a", "http://x.y/b", "http://x.y/c"]
LONG = [" ".join([word] * 3) for word in WORDS]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (rows(id=IDS, remark=list(WORDS)), "remark"),
        (rows(text=list(WORDS), remark=LONG), "text"),
        (rows(title=NUMBERS, remark=list(WORDS)), "remark"),
        (rows(url=URLS, n=NUMBERS, note=list(WORDS)), "note"),
        (rows(a=list(WORDS), b=LONG), "b"),
        (rows(sentence=list(WORDS), b=LONG), "sentence"),
        (rows(s=["鍋裡的湯已經涼了", "我們立刻就走", "謝謝，再也不來了"], out=IDS), "s"),
        (rows(id=IDS, n=NUMBERS), None),
        (rows(url=URLS), None),
    ],
)
def test_a_text_is_guessed_before_ids_and_numbers(table: list[dict[str, str]], text: str | None):
    assert guess(("text",), list(table[0]), table).get("text") == text


def write(path: Path, content: str) -> str:
    path.write_text(content, encoding="utf-8")
    return str(path)


def test_columns_of_a_recipe_are_read_and_the_recipe_is_written_with_them(tmp_path: Path):
    write(tmp_path / "t.csv", "text;body;kind\n1;a b;x\n2;c d;y\n")
    content = {
        "backbone": "x",
        "tasks": {"t": {"kind": "classification", "train": "t.csv", "columns": {"text": "body", "label": 3}}},
    }
    recipe = parse(content, folder=tmp_path)
    again = Recipe.model_validate(recipe.model_dump(mode="json"))
    for one in (recipe, again):
        assert read_task("t", one.tasks["t"]).train == (LabelledText("a b", "x"), LabelledText("c d", "y"))
    assert read_task("t", recipe.tasks["t"]).notes == ()


def test_a_role_that_does_not_exist_is_refused(tmp_path: Path):
    write(tmp_path / "t.csv", "text,label\na,x\n")
    task = {"kind": "classification", "train": "t.csv", "columns": {"txt": "body"}}
    with pytest.raises(RecipeError, match=r"tasks\.t\.columns"):
        parse({"tasks": {"t": task}}, folder=tmp_path)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_a_chosen_column_that_is_missing_is_refused_with_those_that_are_there(tmp_path: Path, suffix: str):
    content = {"csv": "text,label\na,x\n", "jsonl": '{"text": "a", "label": "x"}\n'}[suffix]
    file = write(tmp_path / f"t.{suffix}", content)
    config = TaskConfig(kind="classification", columns={"text": "body"})
    with pytest.raises(DataError, match=rf"t\.{suffix}:1: the column body was expected, is missing among text, label"):
        read_files(config, [file])


def test_scored_pairs_and_tokens_may_have_columns_of_any_name(tmp_path: Path):
    pairs = write(tmp_path / "p.tsv", "a\tb\tgold\nx y\tz\t0,5\n")
    config = TaskConfig(kind="similarity", columns={"sentence1": "a", "sentence2": "b", "score": "gold"})
    assert read_files(config, [pairs]) == (ScoredPair("x y", "z", 0.5),)
    tokens = write(tmp_path / "t.jsonl", '{"w": ["Anna", "left"], "t": ["B-PER", "O"]}\n')
    (example,) = read_files(TaskConfig(kind="tagging", columns={"tokens": "w", "tags": "t"}), [tokens])
    assert isinstance(example, TaggedText)
    assert (example.text, example.tags) == ("Anna left", ("B-PER", "O"))


def test_a_guess_is_noted_and_without_notes_there_is_none(tmp_path: Path):
    file = write(tmp_path / "t.csv", "id,remark,topic\n1,some words here,x\n2,and more words,y\n")
    data = read_task("t", TaskConfig(kind="classification", train=(file,)))
    assert [e.text for e in data.train] == ["some words here", "and more words"]
    assert data.notes == (
        "t: t.csv: the column remark is read as text",
        "t: t.csv: the column topic is read as label",
    )
    with pytest.raises(DataError, match=r"t\.csv:1: the columns text, label were expected"):
        read_files(TaskConfig(kind="classification"), [file])


def test_a_missing_column_that_nothing_tells_is_refused(tmp_path: Path):
    file = write(tmp_path / "t.csv", "remark,n\nsome words here,1\n")
    with pytest.raises(DataError, match=r"t\.csv:1: .*text and label are missing among remark, n"):
        read_task("t", TaskConfig(kind="classification", train=(file,)))


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "y", "NA", "None"])
def test_words_of_a_recipe_stay_words(tmp_path: Path, word: str):
    write(tmp_path / "t.csv", f"text,label\na,{word}\nb,x\n")
    write(
        tmp_path / "r.yaml",
        f"tasks:\n  t: {{kind: classification, train: t.csv, map_labels: {{{word}: {word}2, x: {word}}}}}\n",
    )
    data = read_task("t", Recipe.load(tmp_path / "r.yaml").tasks["t"])
    assert [e.label for e in data.train] == [f"{word}2", word]
