"""The starter that ships with the project."""

from pathlib import Path

import pytest

from mtl.inference import Analysis, Engine
from mtl.inference.source import STARTER_FOLDER, find_model


@pytest.fixture(scope="module")
def starter() -> Engine:
    return Engine.load()


def analyze(starter: Engine, text: str) -> Analysis:
    (found,) = starter.analyze([text])
    return found


def test_the_starter_has_its_three_tasks(starter: Engine):
    assert set(starter.tasks) == {"topic", "sentiment", "entities"}
    assert starter.tasks["entities"].labels == ("LOC", "ORG", "PER")
    assert starter.tasks["sentiment"].labels == ("negative", "neutral", "positive")
    assert len(starter.tasks["topic"].labels) == 7


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("The striker scored twice and the team won the match.", "sports"),
        ("The minister resigned after the parliament voted against the law.", "politics"),
        ("Doctors say the new vaccine protects patients from the virus.", "health"),
    ],
)
def test_clear_topics_are_told(starter: Engine, text: str, topic: str):
    classes = analyze(starter, text).classes["topic"]
    assert max(classes, key=lambda label: classes[label]) == topic


@pytest.mark.parametrize(
    ("text", "mood"),
    [("I love this phone, it works perfectly.", "positive"), ("The food was awful and the waiter rude.", "negative")],
)
def test_clear_opinions_are_told(starter: Engine, text: str, mood: str):
    assert analyze(starter, text).classes["sentiment"][mood] > 0.5


@pytest.mark.parametrize(
    "text", ["The meeting is at 10.", "Water boils at 100 degrees Celsius.", "My number is on the list.", "ok"]
)
def test_plain_statements_are_neutral(starter: Engine, text: str):
    classes = analyze(starter, text).classes["sentiment"]
    assert max(classes, key=lambda label: classes[label]) == "neutral"


def test_every_head_has_a_temperature_of_its_own(starter: Engine):
    assert all(task.temperature != 1 for task in starter.tasks.values())


@pytest.mark.parametrize("change", [str, str.lower])
def test_clear_names_are_found_in_cased_and_lower_case_text(starter: Engine, change):
    found = analyze(starter, change("Angela Merkel met executives of Siemens in Berlin."))
    entities = [(entity["word"].lower(), entity["entity_group"]) for entity in found.entities["entities"]]
    assert entities == [("angela merkel", "PER"), ("siemens", "ORG"), ("berlin", "LOC")]


def test_the_starter_is_small(starter: Engine):
    assert sum(file.stat().st_size for file in STARTER_FOLDER.iterdir()) < 40_000_000


@pytest.mark.parametrize("name", ["./starter", "mtl/starter", "/somewhere/else/mtl/starter", "examples/starter"])
def test_it_is_found_by_what_recipes_without_paths_call_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str):
    monkeypatch.chdir(tmp_path)
    assert find_model(name).folder == STARTER_FOLDER
