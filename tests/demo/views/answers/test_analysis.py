import dataclasses
import json

import numpy as np

from demo.views.answers.analysis import as_json, cut_warning, spoken
from demo.views.answers.numbers import number_strip
from tests.demo.fakes import analysis, entity

TEXT = 'Ann said "hi" in Bern ☀'
FOUND = analysis(TEXT, entities=[entity("PER", 0, 3, TEXT)])


def test_the_json_is_the_whole_analysis():
    read = json.loads(as_json(FOUND))
    assert read["text"] == TEXT
    assert read["classes"] == FOUND.classes
    assert read["entities"]["entities"][0]["word"] == "Ann"
    np.testing.assert_allclose(read["embedding"], FOUND.embedding, atol=1e-6)


def test_a_screen_reader_hears_classes_and_entities():
    assert "topic: sports, 0.75. entities: Ann, PER" in spoken(FOUND)
    assert "entities: none" in spoken(analysis("nobody"))


def test_a_cut_is_said_with_both_lengths_and_nothing_is_said_of_none():
    assert "only the first 4 of 23 characters" in cut_warning(dataclasses.replace(FOUND, cut_at=4))
    assert cut_warning(FOUND) == ""


def test_every_number_of_an_embedding_is_shown_and_zeros_are_fine():
    vector = np.array([0.5, -0.25, 0.0], dtype=np.float32)
    assert "0.5000 -0.2500 0.0000" in number_strip(vector)
    assert "nan" not in number_strip(vector * 0)
