"""The steps of the Embeddings tab without a page; the models are fakes."""

import dataclasses
import json
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest

from demo.answers.engines import GIVEN, Engines
from demo.inputs.text_input import Sentences
from demo.latest_only import LatestOnly
from demo.maps import colouring
from demo.maps.projection import Projection
from demo.maps.spaces import NO_COMPARISON, OWN, SecondSpace
from demo.runs import RunManager
from demo.tabs.embeddings import steps
from demo.tabs.embeddings.requests import CompareRequest, EmbedRequest, Pointed, SearchRequest
from demo.views.maps.selection import NOTHING_SELECTED
from mtl.errors import InputError
from mtl.recipe import Pooling
from tests.demo.answers.test_embedded import result
from tests.demo.fakes import FakeModel, settings

SKIP = gr.skip()


class FakeEngines(Engines):
    def __init__(self):
        pass

    def state(self, key, owner):
        return ""

    def get(self, key, owner):
        return FakeModel()

    def choices(self, owner):
        return [("starter", "starter"), ("my run", "run:1")]


SHARED = SimpleNamespace(settings=settings(), engines=FakeEngines())
NO_FILE = Sentences(())


def compute(text="a\nb", uploaded=NO_FILE, poolings=None):
    asked = EmbedRequest(
        poolings or LatestOnly(), LatestOnly(), "starter", "", text, uploaded, OWN, colouring.ONE_COLOUR
    )
    return list(steps.compute(SHARED, *vars(asked).values()))[-1]


def drawn(some):
    return steps.draw(some, str(Projection.PCA), "topic", 8)[-1]


def compare(some, wanted="run:1"):
    asked = CompareRequest("", some, drawn(some), wanted, "topic", 8)
    return list(steps.compare_spaces(SHARED, *vars(asked).values()))


def search(some, query="", other=None, pointed=None):
    return SearchRequest("", some, drawn(some), query, other, pointed)


def event(**data):
    return gr.EventData(None, data)


def test_typed_sentences_become_a_set_with_its_cost_and_choices():
    found, cost, *_ = compute()
    assert found.texts == ("a", "b")
    assert "2 sentences" in cost


def test_an_uploaded_file_counts_as_long_as_the_box_shows_it():
    file = Sentences(tuple(f"s{i}" for i in range(300)), ("x",) * 300)
    assert compute(file.shown, file)[0].labels == ("x",) * 300
    assert compute("typed", file)[0].texts == ("typed",)


def test_a_wrong_text_is_refused():
    with pytest.raises(InputError, match="Type at least one sentence"):
        compute(" \n ")


def test_new_sentences_clear_what_belongs_to_the_old_ones_and_drop_a_pending_comparison_of_poolings():
    poolings = LatestOnly()
    pending = poolings.begin()
    *_, moved, selection, poolings_shown, table = compute(poolings=poolings)
    assert (moved, poolings_shown, table) == ("", "", "")
    assert NOTHING_SELECTED in selection
    assert not poolings.is_latest(pending)


def test_a_second_space_is_shown_beside_and_nothing_hides_it():
    some = result(12)
    first, last = compare(some)
    assert "Comparing 12 sentences" in first[-1]
    assert isinstance(last[-2], SecondSpace)
    assert "100 % of the 10 nearest neighbours kept" in last[-1]
    (hidden,) = compare(some, NO_COMPARISON)
    assert hidden[-2] is None


def test_a_query_is_embedded_as_the_sentences_were_whatever_the_header_says_now(monkeypatch):
    some, asked = dataclasses.replace(result(12), key="run:1", pooling="max"), []

    def in_pooling(source, texts, pooling):
        asked.append((source.key, pooling))
        return some.vectors[:1]

    monkeypatch.setattr(steps.spaces, "in_pooling", in_pooling)
    steps.near_query(SHARED, *vars(search(some, "a query")).values())
    assert asked == [("run:1", "max")]


def test_a_click_lists_the_neighbours_of_brute_force_and_rings_them():
    some = result(30)
    table, highlight, _, pointed = steps.picked(some, event(row=4, stamp=some.stamp), None)
    rings = json.loads(highlight)["rings"]
    unit = some.vectors / np.linalg.norm(some.vectors, axis=1, keepdims=True)
    cosines = unit @ unit[4]
    assert len(set(rings) - {4}) == 8
    np.testing.assert_allclose(cosines[rings], sorted(np.delete(cosines, 4), reverse=True)[:8], atol=1e-6)
    assert "5 sentence 4" in table
    assert pointed == Pointed(some.stamp, 4)


def test_what_a_browser_makes_up_is_not_believed():
    some = result(5)
    for wrong in (
        event(row=99, stamp=some.stamp),
        event(row="1", stamp=some.stamp),
        event(row=True, stamp=some.stamp),
        event(row=1, stamp=some.stamp - 1),
        event(),
        gr.EventData(None, None),
    ):
        assert steps.picked(some, wrong, None) is None
    assert "2 selected" in steps.selected(some, event(rows=[0, 3, -1, 99, None], stamp=some.stamp))[0]


def test_another_second_space_lists_the_neighbours_of_the_clicked_sentence_again():
    some = result(12)
    other = compare(some)[-1][-2]
    again = steps.near_again(*vars(search(some, "a query", other, Pointed(some.stamp, 3))).values())
    assert "4 sentence 3" in again[0]
    assert "on the right map" in again[0]
    assert steps.near_again(*vars(search(some, "a query", other)).values()) == (SKIP,) * 3
    assert "1 sentence 0" in steps.near_again(*vars(search(some, "", other, Pointed(0, 3))).values())[0]


def test_a_second_space_of_other_sentences_is_left_out_of_the_table():
    some, other = result(12), result(12)
    second = compare(other)[-1][-2]
    assert "on the right map" not in steps.near_row(some, 0, second)[0]
    assert "on the right map" in steps.near_row(other, 0, second)[0]


def test_a_single_sentence_says_what_to_add():
    assert "Add a second sentence" in steps.near_row(result(1), 0, None)[0]


class Written(FakeModel):
    """A model whose embeddings depend on its file."""

    def __init__(self, folder):
        self.seed = int((folder / "weights").read_text())

    def analyze(self, sentences):
        return [dataclasses.replace(one, embedding=one.embedding + self.seed) for one in super().analyze(sentences)]

    def encode(self, texts):
        return {pooling: np.stack([one.embedding for one in self.analyze(texts)]) for pooling in Pooling}


@pytest.fixture
def retrained(tmp_path, monkeypatch):
    """Services with a model of a folder, and what trains it again."""

    def train(seed):
        (tmp_path / "fresh").write_text(str(seed))
        (tmp_path / "fresh").rename(tmp_path / "weights")

    train(0)
    monkeypatch.setattr(steps.spaces, "_poolings", lambda name, _state: Written(tmp_path))
    page = settings(checkpoint=str(tmp_path))
    engines = Engines(settings=page, runs=RunManager(page), load=lambda name: Written(tmp_path))
    return SimpleNamespace(settings=page, engines=engines), train


def embed(shared, pooling=OWN):
    asked = EmbedRequest(LatestOnly(), LatestOnly(), GIVEN, "", "a\nb\nc", NO_FILE, pooling, colouring.ONE_COLOUR)
    return list(steps.compute(shared, *vars(asked).values()))[-1][0]


COMBINED = {
    "query": lambda shared, some: steps.near_query(shared, *vars(search(some, "a query")).values()),
    "poolings": lambda shared, some: steps.compare_poolings(shared, "", some),
    "another pooling": lambda shared, some: list(
        steps.compare_spaces(shared, *vars(CompareRequest("", some, drawn(some), "pooling:max", "topic", 8)).values())
    ),
}


@pytest.mark.parametrize("combine", COMBINED.values(), ids=COMBINED)
@pytest.mark.parametrize("pooling", [OWN, "max"])
def test_what_a_model_made_before_it_was_trained_again_is_not_combined_with_what_it_makes_now(
    retrained, combine, pooling
):
    shared, train = retrained
    some = embed(shared, pooling)
    combine(shared, some)
    train(1)
    with pytest.raises(InputError, match="The model has changed since .* Press Embed"):
        combine(shared, some)
    combine(shared, embed(shared, pooling))


def test_a_model_that_is_trained_while_a_query_is_embedded_is_noticed(retrained, monkeypatch):
    shared, train = retrained
    some = embed(shared)
    load = shared.engines.get

    def trained_meanwhile(key, owner):
        train(1)
        return load(key, owner)

    monkeypatch.setattr(shared.engines, "get", trained_meanwhile)
    with pytest.raises(InputError, match="Press Embed"):
        COMBINED["query"](shared, some)
