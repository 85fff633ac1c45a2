import dataclasses

import pytest

from demo.inputs import drafts, kept_drafts
from demo.runs.recipe_text import as_yaml
from demo.runs.shown import sentence_of
from demo.training.freezing_choice import Freezing
from demo.training.recipe_form import recipe_of
from demo.training.recipe_reading import read_form
from mtl.errors import RecipeError
from mtl.recipe import Preset, TaskConfig, dump
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM, KNOWN

FORMS = [
    FORM,
    dataclasses.replace(FORM, freezing=Freezing(Preset.LAST_LAYERS, 3, False), pooling="max"),
    dataclasses.replace(FORM, freezing=Freezing(Preset.ONE_HEAD_FROZEN, 2, True, ("topic",))),
    dataclasses.replace(FORM, freezing=Freezing(Preset.GRADUAL, 4, False), more="anchor: 5.0\n"),
    dataclasses.replace(FORM, more="tasks:\n  entities:\n    head:\n      decoder: crf\nsampling:\n  alpha: 0.8\n"),
    dataclasses.replace(FORM, freezing=Freezing(Preset.LORA), more="freezing:\n  rank: 4\n"),
    dataclasses.replace(FORM, epochs=None, head_lr=None, backbone_lr=None, batch_tokens=None),
    dataclasses.replace(FORM, epochs=20, head_lr=None, tagging_lr=3e-2, backbone_lr=None),
    dataclasses.replace(FORM, epochs=None, tagging_lr=1e-3),
    dataclasses.replace(FORM, freezing=Freezing(Preset.FULL), more="anchor: 0.0\n"),
    dataclasses.replace(FORM, freezing=Freezing(Preset.FULL), more="anchor: 0.1\n"),
    dataclasses.replace(FORM, freezing=Freezing(Preset.LAST_LAYERS), more="anchor: 2\n"),
    dataclasses.replace(FORM, more="long_texts: windows\nwords: characters\nprecision: auto\nsolver: auto\n"),
    dataclasses.replace(FORM, more="long_texts: cut\nwords: spaces\n"),
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("write", [as_yaml, dump])
def test_a_recipe_fills_the_form_that_makes_it_again(tmp_path, form, write):
    made = recipe_of(form, KNOWN, settings())
    file = tmp_path / "recipe.yaml"
    file.write_text(write(made))
    reading = read_form(file, KNOWN, any_files=True)
    assert reading.unlisted == ()
    again = recipe_of(reading.form, KNOWN, settings())
    assert again.model_dump() == made.model_dump()
    assert again.unset() == made.unset()


def test_an_old_name_of_a_key_is_noted_wherever_it_comes_in(tmp_path):
    old = "budget:\n  pass_tokens: 64\n"
    typed = recipe_of(dataclasses.replace(FORM, more=old), KNOWN, settings())
    file = tmp_path / "recipe.yaml"
    file.write_text("tasks:\n  topic: {kind: classification}\n" + old)
    for notes in (typed.notes, read_form(file, KNOWN, any_files=True).notes):
        (note,) = notes
        assert note.startswith("budget.pass_tokens is now called budget.micro_batch_tokens")


UPLOADS = {
    "columns": ("cols", "id;remark;label\n1;the soup was cold;x\n2;good bread, thanks;y\n", {"text": "remark"}),
    "scores": ("prs", "sentence1,sentence2,score\na dog,a cat,0.5\nno more,some more,0.2\n", {}),
    "pairs": ("prs", "anchor,positive\na dog,a hound\nno more,never again\n", {}),
    "mapped": ("cols", "text,label\nthe soup was cold,x\ngood bread,y\nthe bill came late,z\n", {}),
}


@pytest.mark.parametrize("upload", UPLOADS)
@pytest.mark.parametrize("is_listed", [True, False])
@pytest.mark.parametrize("write", [as_yaml, dump])
def test_a_recipe_on_files_of_any_kind_fills_the_form_that_makes_it_again(
    tmp_path, monkeypatch, upload, is_listed, write
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    name, text, columns = UPLOADS[upload]
    data = tmp_path / "data.csv"
    data.write_text(text)
    kind = "classification" if name == "cols" else "similarity"
    config = {"kind": kind, "train": str(data), "dev": str(data), "columns": columns}
    config |= {"head": {"loss": "multiple_negatives"}} if upload == "pairs" else {}
    config |= {"map_labels": {"z": "y"}} if upload == "mapped" else {}
    task = TaskConfig.model_validate(config)
    page = settings()
    kept_drafts.adopt(name, task, owner="ann", settings=page)
    listed = kept_drafts.known("ann", page)
    form = dataclasses.replace(FORM, tasks=(name,), more="")
    made = recipe_of(form, listed, page)
    assert made.tasks[name].head.loss == task.head.loss
    file = tmp_path / "recipe.yaml"
    file.write_text(write(made))
    if not is_listed:
        kept_drafts.forget_task(name, owner="ann", settings=page)
        ((adopted, found),) = read_form(file, kept_drafts.known("ann", page), any_files=True).unlisted
        kept_drafts.adopt(adopted, found, owner="ann", settings=page)
        listed = kept_drafts.known("ann", page)
    again = recipe_of(read_form(file, listed, any_files=True).form, listed, page)
    assert again.model_dump() == made.model_dump()
    assert again.unset() == made.unset()


def test_every_example_recipe_can_be_loaded():
    for file in sorted((drafts.EXAMPLES / "recipes").glob("*.yaml")):
        if not file.stem.startswith("starter"):  # its data are not part of the project
            assert recipe_of(read_form(file, KNOWN, any_files=True).form, KNOWN, settings()).tasks


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("tasks: {mine: {kind: tagging, train: none.conll}}", "tasks.mine: its files are not on this page"),
        ("tasks: {topic: {kind: tagging, train: /nowhere.conll}}", "add a tagging task named topic"),
        ("tasks: {}", "tasks"),
        ("epochs: 3", "tasks"),
        ("[1]", "recipe"),
        ("tasks: [", ":1: valid YAML"),
        ("a: &a 1\nb: *a", "aliases"),
        ("\x00", "valid YAML"),
    ],
)
def test_a_wrong_recipe_is_one_sentence_that_names_the_file(tmp_path, content, says):
    file = tmp_path / "mine.yaml"
    file.write_text(content)
    with pytest.raises(RecipeError) as caught:
        read_form(file, KNOWN, any_files=True)
    sentence = sentence_of(caught.value)
    assert sentence.startswith("mine.yaml:")
    assert says in sentence


def test_files_of_this_machine_that_the_page_does_not_list_are_named(tmp_path):
    data = tmp_path / "a.csv"
    data.write_text("text,label\na,x\nb,y\n")
    file = tmp_path / "mine.yaml"
    file.write_text(f"tasks: {{mine: {{kind: classification, train: {data}}}}}")
    ((name, config),) = read_form(file, KNOWN, any_files=True).unlisted
    assert (name, config.train) == ("mine", (str(data),))
