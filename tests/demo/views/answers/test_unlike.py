"""Texts that are unlike the training texts are marked in every view of them, apart from what is unsure."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from demo.views.answers.analysis import as_json, spoken
from demo.views.answers.classes import bars, class_table
from demo.views.answers.entities import entity_cards
from demo.views.answers.unlike import marks_note
from mtl.inference import Analysis, OutsideScore
from tests.demo.fakes import analysis

LIMITS = {"topic": {"sports": 0.5, "travel": 0.5}}
MARK = 'class="ph-unlike"'
VIEWS = {
    "bars": lambda found: bars(found[0], {}),
    "bars of sets": lambda found: bars(found[0], {}, limits=LIMITS),
    "table": lambda found: class_table(found, {}),
    "table to correct": lambda found: class_table(found, {}, correctable=True),
    "table of sets": lambda found: class_table(found, {}, limits=LIMITS),
    "entities": lambda found: entity_cards(found, {}),
    "entities to correct": lambda found: entity_cards(found, {}, correctable=True),
}


def of(**is_outside: bool) -> Analysis:
    return replace(analysis("x"), outside_scores={name: OutsideScore(0.5, one) for name, one in is_outside.items()})


@pytest.mark.parametrize("view", VIEWS)
def test_a_text_is_marked_where_it_is_outside_and_nowhere_else(view: str):
    show, own, other = VIEWS[view], *(("entities", "topic") if "entities" in view else ("topic", "entities"))
    assert show([of(**{own: True})]).count(MARK) == 1
    for one in (analysis("x"), of(**{own: False}), of(**{other: True}), of(another=True)):
        assert show([one]).count(MARK) == 0
    assert "unsure" not in show([of(**{own: True})])


def test_the_mark_of_many_texts_stands_with_its_text():
    html = class_table([of(topic=False), of(topic=True)], {})
    _, first, second = html.split("<tr>")[1:]
    assert (MARK in first, MARK in second) == (False, True)


def test_the_mark_of_a_single_text_takes_no_line_of_its_own():
    """Nothing moves when the answer to a sentence arrives."""
    heading, _, rest = entity_cards([of(entities=True)], {}).partition("</h3>")
    assert (MARK in heading, MARK in rest) == (True, False)
    heading, _, rest = entity_cards([of(entities=False), of(entities=True)], {}).partition("</h3>")
    assert (MARK in heading, rest.count(MARK)) == (False, 1)


def test_a_note_says_what_marks_mean_and_of_how_many_texts():
    assert marks_note([of(topic=False)], ["topic"]) == marks_note([], ["topic"]) == ""
    one = marks_note([of(topic=True, entities=True)], ["topic"])
    assert "Unlike the training texts of topic: farther from them than 95 % of texts of their kind." in one
    many = marks_note([of(topic=True), of(topic=False, mood=True), of(topic=True)], ["topic", "mood"])
    assert "Texts unlike the training texts: topic 2 of 3, mood 1 of 3. They are farther" in many


def test_a_screen_reader_and_the_json_are_told_too():
    found = of(topic=True, entities=False)
    assert "unlike the training texts of topic" in spoken(found)
    assert "unlike" not in spoken(of(topic=False))
    assert json.loads(as_json(found))["outside"] == {
        "topic": {"distance": 0.5, "is_outside": True},
        "entities": {"distance": 0.5, "is_outside": False},
    }


def test_names_of_tasks_are_escaped():
    name = '"><i>'
    found = replace(of(**{name: True}), classes={name: {"a": 1.0}}, entities={})
    tags: list[str] = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, _: tags.append(tag)  # type: ignore[method-assign]
    parser.feed(bars(found, {}) + marks_note([found], [name]))
    assert tags.count("i") == 0 and MARK in bars(found, {})
