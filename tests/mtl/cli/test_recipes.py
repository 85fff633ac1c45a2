"""Errors of a recipe that are found after it was read name its file too."""

from pathlib import Path

import pytest
import yaml

from mtl.runs import RunFolder
from tests.mtl.cli.calling import complaint

LATE = {
    "freezing={preset: last_layers, layers: 99}": "freezing.layers: at most",
    "tasks.entities.head.layers=99": "tasks.entities",
    "evaluation.best=topic/foo": "evaluation.best: a metric",
    "evaluation.best=other": "evaluation.best: mean, guarded",
    "solver=lbfgs": "freezing.preset: heads_only",
    "tasks.topic.class_weights={zzz: 3}": "tasks.topic.class_weights: labels of",
    "tasks.topic.train=[]": "tasks.topic",
    "tasks.topic.format=foo": "tasks.topic.format: a format of",
    "tasks.topic.head={shared: a.b}": "tasks.topic.head.shared: 'a.b' cannot name a layer",
}


def said_of(recipe: Path, setting: str, *arguments: object) -> str:
    said = complaint(*arguments, "--set", setting)
    assert said.startswith(f"{recipe}: {LATE[setting]}"), said
    return said


@pytest.mark.parametrize("setting", LATE)
@pytest.mark.parametrize("command", ["train", "plan"])
def test_what_is_found_after_a_recipe_was_read_names_its_file(
    recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, setting: str
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    said_of(recipe, setting, command, recipe)


def test_what_is_found_in_the_search_for_suspects_names_the_file(recipe: Path):
    said_of(recipe, "tasks.topic.format=foo", "suspects", recipe, "--task", "topic")


def test_a_comparison_names_the_file_of_its_recipe_but_of_no_option(recipe: Path, tmp_path: Path):
    assert complaint("compare", recipe, "--presets", "some", "--run-dir", tmp_path / "runs").startswith("--presets: ")
    content = yaml.safe_load(recipe.read_text())
    content["tasks"]["topic"]["format"] = "foo"
    recipe.write_text(yaml.safe_dump(content))
    said = complaint("compare", recipe, "--presets", "heads_only", "--run-dir", tmp_path / "runs")
    assert said.startswith(f"{recipe}: tasks.topic.format: ")


def test_a_recipe_that_lies_in_the_folder_of_its_run_is_not_named(recipe: Path, tmp_path: Path):
    run = RunFolder(tmp_path / "run")
    run.create()
    written = run.path / "request.yaml"
    written.write_text(recipe.read_text())
    said = complaint("train", written, "--run-dir", run.path, "--set", "evaluation.best=other")
    assert said.startswith("evaluation.best: ")
    assert run.read_status().message == said
