"""What the page says of a file: its base name at every door, and never whether one that it does not offer is there."""

import dataclasses
import json
import re
from html import unescape
from types import SimpleNamespace

import gradio as gr
import pytest

from demo.answers.engines import Engines
from demo.answers.gold import read_labelled, read_tagged
from demo.inputs import drafts, kept_drafts
from demo.inputs.drafts import TaskUpload
from demo.inputs.text_input import read_sentences
from demo.runs import RunManager
from demo.runs.shown import shown
from demo.tabs.shared import reporting
from demo.tabs.train import upload
from demo.tabs.train.answers import Answers
from demo.training.form_values import to_remember, values_of
from demo.training.recipe_form import recipe_of
from demo.training.recipe_reading import read_form
from demo.views import message
from mtl.errors import MtlError
from mtl.runs import home, runs_root
from tests.demo.broken import BROKEN
from tests.demo.fakes import FakeModel, settings
from tests.demo.training.test_recipe_form import FORM, KNOWN

PAGE = settings(share=True)
NAMES = ("aaaa", "bbbb")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "our home"))


def sentence(html) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def answer(door, *given) -> str:
    """What the page says: the error, or the values that it would show."""
    first, *rest = reporting(lambda: (door(*given),), outputs=1)()
    return sentence(first) or repr(rest)


def add(case, file):
    return drafts.import_upload(TaskUpload("mine", case.kind, file, file), taken=[], settings=settings())


UPLOADS = {
    "sentences": lambda case, file: read_sentences(file, PAGE),
    "texts with labels": lambda case, file: read_labelled(file, PAGE),
    "texts with entities": lambda case, file: read_tagged(file, PAGE),
    "a task": add,
    "the preview of a task": lambda case, file: upload._preview(PAGE, case.kind, str(file)),
    "a recipe": lambda case, file: read_form(file, KNOWN, any_files=True),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.file)
@pytest.mark.parametrize("door", UPLOADS)
def test_a_file_that_is_wrong_is_called_by_its_base_name_at_every_door(tmp_path, door, case):
    folder = tmp_path / "some folder" / "of: ours"
    folder.mkdir(parents=True)
    file = folder / case.file
    file.write_bytes(case.content)
    try:
        UPLOADS[door](case, file)
    except MtlError as error:
        said = sentence(message.problem(error))
        assert said.startswith((f"{case.file}:", "A file of type"))
        assert not any(part in said for part in (str(tmp_path), "some folder", "our home", "uploads"))
    else:
        assert door != "a task"


def test_a_process_is_quoted_without_our_folders(tmp_path):
    said = f'{home()}/uploads/0a1b/train/x.csv:3: no label\nFile "{home()}/runs/a/log.txt", in {tmp_path}/y z.csv'
    assert shown(said) == 'x.csv:3: no label\nFile "log.txt", in y z.csv'


class Visitor:
    """Somebody on a public page, with every place where they can name a file, a folder, a model or a run."""

    def __init__(self, folder):
        self.folder = folder
        self.runs = RunManager(PAGE)
        self.engines = Engines(settings=PAGE, runs=self.runs, load=lambda source: FakeModel())
        self.form = Answers(PAGE, SimpleNamespace(known=lambda recipe: None, drop=lambda asker: None), self.runs)

    def values(self, backbone, **fields):
        return list({**to_remember(values_of(dataclasses.replace(FORM, backbone=backbone))), **fields}.values())

    def remembered(self, backbone):
        return seen(self.form.restore("ann", to_remember(self.values(backbone))))

    def recipe(self, **content):
        file = self.folder / "uploaded.yaml"
        file.write_text(json.dumps({"tasks": {"topic": {"kind": "classification"}}, **content}))
        return seen(self.form.load("ann", str(file)))

    def task(self, kind, name):
        return self.recipe(tasks={"mine": {"kind": kind, "train": name}})

    def more(self, **keys):
        return recipe_of(dataclasses.replace(FORM, more=json.dumps(keys)), KNOWN, PAGE)


def seen(values):
    """What the browser gets of some fields; a slider's end tells how many layers a model has."""
    names = ("value", "choices", "maximum", "label")
    return [
        [getattr(value, name, None) for name in names] if isinstance(value, gr.blocks.Block) else value
        for value in values
    ]


DOORS = {
    "backbone": lambda page, name: seen(page.form.read("ann", *page.values(name))),
    "backbone beside a wrong number": lambda page, name: seen(page.form.read("ann", *page.values(name, epochs="x"))),
    "backbone of a plan": lambda page, name: page.form.plan("ann", *page.values(name), asker="a"),
    "backbone of a press": lambda page, name: page.form.press("ann", page.values(name), "embeddings"),
    "backbone of a press on a layer": lambda page, name: page.form.press("ann", page.values(name), "layer:1"),
    "backbone of advice": lambda page, name: page.form.take_advice("ann", *page.values(name)),
    "backbone of a remembered form": lambda page, name: page.remembered(name),
    "backbone of a recipe": lambda page, name: page.recipe(backbone=name),
    "data root of a recipe": lambda page, name: page.recipe(data_root=name),
    "classes of a recipe": lambda page, name: page.task("classification", name),
    "entities of a recipe": lambda page, name: page.task("tagging", name),
    "data in more keys": lambda page, name: page.more(tasks={"topic": {"dev": [name]}}),
    "data root in more keys": lambda page, name: page.more(data_root=name),
    "model": lambda page, name: page.engines.get(name, "ann"),
    "model of a run": lambda page, name: page.engines.get(f"run:{name}", "ann"),
    "model that a run began from": lambda page, name: page.engines.get(f"began:{name}", "ann"),
    "folder of a model": lambda page, name: page.engines.location(name, "ann"),
    "run": lambda page, name: page.runs.get(name, "ann"),
    "run to stop": lambda page, name: page.runs.stop(name, "ann"),
    "run to resume": lambda page, name: page.runs.resume(name, "ann"),
    "run to download": lambda page, name: page.runs.archive(name, "ann"),
    "task to forget": lambda page, name: kept_drafts.forget_task(name, owner="ann", settings=PAGE),
}


@pytest.fixture(params=["model", "data", "run", "file of a run"])
def pair(request, tmp_path):
    """The name of something that is there and belongs to nobody who asks, and of something that is not."""
    for folder in (tmp_path / "aaaa", runs_root() / "aaaa"):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(
            json.dumps({"num_hidden_layers": 3, "hidden_size": 8, "vocab_size": 9, "format": ""})
        )
    (runs_root() / "aaaa" / "owner").write_text("ben")
    (tmp_path / "aaaa.csv").write_text("text,label\na,x\nb,y\n")
    names = {
        "model": f"{tmp_path}/%s",
        "data": f"{tmp_path}/%s.csv",
        "run": "%s",
        "file of a run": f"{runs_root()}/%s/config.json",
    }
    return [names[request.param] % name for name in NAMES]


@pytest.mark.parametrize("door", DOORS)
def test_no_door_of_a_public_page_tells_whether_something_is_there(tmp_path, door, pair):
    page = Visitor(tmp_path)
    there, gone = (re.sub("[ab]+", "NAME", answer(DOORS[door], page, name)) for name in pair)
    assert there == gone


def test_a_page_of_ones_own_takes_any_backbone_and_file(tmp_path):
    (tmp_path / "aaaa").mkdir()
    config = {"num_hidden_layers": 3, "hidden_size": 8, "vocab_size": 9}
    (tmp_path / "aaaa" / "config.json").write_text(json.dumps(config))
    page = Visitor(tmp_path)
    page.form = Answers(settings(), page.form.planner, page.runs)
    assert page.remembered(str(tmp_path / "aaaa")) != page.remembered(str(tmp_path / "bbbb"))
