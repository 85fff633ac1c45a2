"""`suspects`: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest

from tests.mtl.cli.calling import complaint, succeed


def test_suspects_are_printed_by_task_and_written_as_json(recipe: Path, tmp_path: Path):
    target = tmp_path / "suspects.json"
    printed = succeed("suspects", recipe, "--most", "2", "--json", target).stdout
    topic, entities = json.loads(target.read_text())
    assert [topic["task"], entities["task"]] == ["topic", "entities"]
    for found in (topic, entities):
        assert f"{found['task']}: {found['total']:,} suspect labels in {found['examples']:,} examples" in printed
        assert len(found["suspects"]) == min(2, found["total"])
        for one in found["suspects"]:
            assert set(one) == {"task", "part", "row", "text", "given", "suggested", "score", "start", "end"}
            assert one["given"] != one["suggested"]


def test_a_run_folder_stands_for_its_recipe(recipe: Path, tmp_path: Path):
    target = tmp_path / "suspects.json"
    succeed("suspects", recipe, "--task", "topic", "--json", target)
    expected = target.read_text()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "recipe.yaml").write_text(recipe.read_text())
    succeed("suspects", tmp_path / "run", "--task", "topic", "--json", target)
    assert target.read_text() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--task", "weather"], "a task with labels, of topic, entities, was expected, was 'weather'"),
        (["--most", "0"], "--most"),
        (["--json", "/nowhere/suspects.json"], "the folder /nowhere does not exist"),
    ],
)
def test_wrong_options_are_refused_in_one_line(recipe: Path, arguments: list[str], message: str):
    assert message in complaint("suspects", recipe, *arguments)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path):
    assert "recipe.yaml" in complaint("suspects", tmp_path)
