import pytest

from demo.training.corrected_data import corrected_recipe
from demo.training.corrections import Correction
from mtl.data import MultiLabelText, read_task
from mtl.errors import InputError
from mtl.labels import TypedSpan
from mtl.recipe import parse


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "topic.csv").write_text(
        "a,b\nThe bank fell,0\nThe team won,1\nThe bank fell,0\nRates rose,0\nA draw,1\n"
    )
    (tmp_path / "dev.csv").write_text("a,b\nThe bank fell,1\n")
    (tmp_path / "names.conll").write_text("Anna\tB-X\nsleeps\tO\n\nRome\tB-Y\nburns\tO\n")
    (tmp_path / "about.jsonl").write_text('{"text": "A film", "labels": ["art"]}\n{"text": "A song", "labels": []}\n')
    tasks = {
        "topic": {
            "kind": "classification",
            "train": "topic.csv",
            "dev": "dev.csv",
            "columns": {"text": "a", "label": "b"},
            "map_labels": {"0": "money", "1": "sport"},
            "max_rows": 4,
        },
        "names": {"kind": "tagging", "train": "names.conll"},
        "about": {"kind": "classification", "multi_label": True, "train": "about.jsonl"},
    }
    return parse({"tasks": tasks, "about": "A recipe"}, folder=tmp_path)


def examples_of(recipe, task):
    data = read_task(task, recipe.tasks[task])
    return data.train, data.dev


def test_a_corrected_label_replaces_every_row_of_its_text_in_train_and_dev(recipe):
    made = corrected_recipe(
        recipe, {"topic": [Correction("The bank fell", label="sport"), Correction("A draw", label="money")]}
    )
    train, dev = examples_of(made.recipe, "topic")
    assert [(e.text, e.label) for e in train] == [
        ("The bank fell", "sport"), ("The team won", "sport"), ("The bank fell", "sport"), ("Rates rose", "money"),
    ]  # fmt: skip
    assert [(e.text, e.label) for e in dev] == [("The bank fell", "sport")]
    assert made.rows == 2  # the row of dev had the label already


def test_corrected_spans_and_sets_replace_those_of_their_texts(recipe):
    spans = (TypedSpan(0, 4, "Y"),)
    corrections = {"names": [Correction("Anna sleeps", spans=spans)], "about": [Correction("A song", labels=("art",))]}
    made = corrected_recipe(recipe, corrections)
    train, dev = examples_of(made.recipe, "names")
    assert [e.char_spans() for e in train] == [spans, spans]
    assert dev == ()
    assert examples_of(made.recipe, "about")[0] == (
        MultiLabelText("A film", ("art",)),
        MultiLabelText("A song", ("art",)),
    )
    assert made.recipe.tasks["topic"] == recipe.tasks["topic"]


def test_a_recipe_with_corrected_data_can_be_written_and_read(recipe, tmp_path):
    from demo.runs.recipe_text import as_yaml
    from mtl.recipe import load

    made = corrected_recipe(recipe, {"topic": [Correction("The bank fell", label="sport")]}).recipe
    (tmp_path / "again.yaml").write_text(as_yaml(made))
    assert examples_of(load(tmp_path / "again.yaml"), "topic") == examples_of(made, "topic")


@pytest.mark.parametrize("kept", [{}, {"topic": [Correction("Elsewhere", label="money")]}])
def test_without_a_corrected_row_there_is_nothing_to_train(recipe, kept):
    with pytest.raises(InputError, match="None of the corrected texts"):
        corrected_recipe(recipe, kept)


@pytest.mark.parametrize(
    "correction",
    [
        pytest.param(Correction("Rates rose", labels=("money",)), id="of-sets"),
        pytest.param(Correction("Rates rose", spans=(TypedSpan(0, 5, "X"),)), id="of-spans"),
        pytest.param(Correction("Rates rose", label="unknown"), id="unknown-label"),
        pytest.param(Correction("Rates rose", label="money"), id="already-so"),
    ],
)
def test_what_fits_no_row_of_the_task_or_changes_none_is_left_out(recipe, correction):
    with pytest.raises(InputError, match="None of the corrected texts"):
        corrected_recipe(recipe, {"topic": [correction]})
    made = corrected_recipe(recipe, {"topic": [correction, Correction("The bank fell", label="sport")]})
    assert made.rows == 2
    assert [e.label for e in examples_of(made.recipe, "topic")[0]] == ["sport", "sport", "sport", "money"]


def test_spans_that_are_those_of_the_row_change_nothing(recipe):
    with pytest.raises(InputError, match="None of the corrected texts"):
        corrected_recipe(recipe, {"names": [Correction("Anna sleeps", spans=(TypedSpan(0, 4, "X"),))]})
