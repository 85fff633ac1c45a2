"""The steps of the Embeddings tab without a page; the models are fakes."""

from types import SimpleNamespace

import gradio as gr
import numpy as np

from demo.inputs.text_input import Sentences
from demo.latest_only import LatestOnly
from demo.maps import colouring
from demo.maps.projection import Projection
from demo.maps.spaces import NO_COMPARISON, OWN, SecondSpace
from demo.tabs.embeddings import steps
from tests.demo.answers.test_embedded import result
from tests.demo.fakes import FakeModel, settings

SKIP = gr.skip()


class FakeEngines:
    def get(self, key, owner):
        return FakeModel()

    def choices(self, owner):
        return [("starter", "starter"), ("my run", "run:1")]


SHARED = SimpleNamespace(settings=settings(), engines=FakeEngines())


NO_FILE = Sentences(())


def compute(requests, text="a\nb", uploaded=NO_FILE):
    return steps.compute(SHARED, requests, "starter", "", text, uploaded, OWN, colouring.ONE_COLOUR)


def drawn(some):
    return steps.draw(some, str(Projection.PCA), "topic", 8)[-1]


def event(**data):
    return gr.EventData(None, data)


def test_typed_sentences_become_a_set_with_its_cost_and_choices():
    (problem, found, cost, *_) = list(compute(LatestOnly()))[-1]
    assert problem == ""
    assert found.texts == ("a", "b")
    assert "2 sentences" in cost


def test_an_uploaded_file_counts_as_long_as_the_box_shows_it():
    file = Sentences(tuple(f"s{i}" for i in range(300)), ("x",) * 300)
    assert list(compute(LatestOnly(), file.shown, file))[-1][1].labels == ("x",) * 300
    assert list(compute(LatestOnly(), "typed", file))[-1][1].texts == ("typed",)


def test_a_wrong_text_gives_one_sentence_and_changes_nothing_else():
    (answer,) = list(compute(LatestOnly(), " \n "))
    assert "Type at least one sentence" in answer[0]
    assert answer[1:] == (SKIP,) * 7


def test_a_pass_that_became_stale_ends_without_changing_anything():
    requests, model = LatestOnly(), FakeModel()
    model.analyze = lambda sentences: (requests.begin(), FakeModel.analyze(model, sentences))[
        1
    ]  # somebody asks meanwhile
    shared = SimpleNamespace(settings=settings(), engines=SimpleNamespace(get=lambda key, owner: model))
    late = steps.compute(shared, requests, "starter", "", "a", NO_FILE, OWN, colouring.ONE_COLOUR)
    assert list(late) == [(SKIP,) * 8]


def test_a_comparison_that_became_stale_ends_without_changing_anything():
    requests, some = LatestOnly(), result(12)
    answers = steps.compare_spaces(SHARED, requests, "starter", "", some, drawn(some), "run:1", "topic", 8, "PCA")
    assert "Comparing 12 sentences" in next(answers)[-1]
    requests.begin()
    assert list(answers) == [(SKIP,) * 7]


def test_a_second_space_is_shown_beside_and_nothing_hides_it():
    some = result(12)
    *_, last = steps.compare_spaces(SHARED, LatestOnly(), "starter", "", some, drawn(some), "run:1", "topic", 8, "PCA")
    assert isinstance(last[5], SecondSpace)
    assert "100 % of the 10 nearest neighbours kept" in last[6]
    (hidden,) = steps.compare_spaces(
        SHARED, LatestOnly(), "starter", "", some, drawn(some), NO_COMPARISON, "topic", 8, "PCA"
    )
    assert hidden[5] is None


def test_a_click_lists_the_neighbours_of_brute_force_and_rings_them():
    some = result(30)
    table, highlight, _ = steps.picked(some, event(row=4, stamp=some.stamp), None)
    unit = some.vectors / np.linalg.norm(some.vectors, axis=1, keepdims=True)
    expected = [int(i) for i in np.argsort(-(unit @ unit[4]), kind="stable") if i != 4][:8]
    assert f'"rings": {expected}' in highlight
    assert "5 sentence 4" in table


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
        assert steps.picked(some, wrong, None) == (SKIP,) * 3
    assert "2 selected" in steps.selected(some, event(rows=[0, 3, -1, 99, None], stamp=some.stamp))[0]


def test_a_second_space_of_other_sentences_is_left_out_of_the_table():
    some, other = result(12), result(12)
    *_, last = steps.compare_spaces(
        SHARED, LatestOnly(), "starter", "", other, drawn(other), "run:1", "topic", 8, "PCA"
    )
    assert "on the right map" not in steps.near_row(some, 0, last[5])[0]
    assert "on the right map" in steps.near_row(other, 0, last[5])[0]


def test_a_single_sentence_says_what_to_add():
    assert "Add a second sentence" in steps.near_row(result(1), 0, None)[0]
