"""Answers that come late or fail, and what they say about the inputs that they belong to."""

import gradio as gr
import pytest

from demo.latest_only import LatestOnly
from demo.tabs.panels import answering, answering_again, answering_stream, build_panel, panel_class
from mtl.errors import InputError

SKIP = gr.skip()


def failing(*_):
    raise InputError("one sentence")


def failing_stream():
    yield ("first",)
    failing()


def test_an_answer_brings_the_fingerprint_of_its_inputs_back():
    assert answering(lambda text: (text.upper(),), outputs=1)(LatestOnly(), "1|f1", "a") == ("f1", "A")
    assert answering(lambda: ("a",), outputs=1, reports=True)(LatestOnly(), "1|f1") == ("f1", "", "a")


def test_a_failed_answer_keeps_the_results_and_names_its_inputs_as_failed():
    shown, problem, result = answering(failing, outputs=1, reports=True)(LatestOnly(), "1|f1")
    assert (shown, result) == ("!f1", SKIP)
    assert "one sentence" in problem


def test_an_error_without_a_place_for_it_is_raised():
    with pytest.raises(InputError):
        answering(failing, outputs=1)(LatestOnly(), "1|f1")


def test_no_answer_keeps_the_results():
    assert answering(lambda: None, outputs=2)(LatestOnly(), "1|f1") == ("!f1", SKIP, SKIP)


@pytest.mark.parametrize("fails", [False, True])
def test_an_answer_to_an_older_request_is_dropped_and_so_is_its_error(fails):
    requests = LatestOnly()

    def slow():
        requests.begin()  # a newer request comes while this one is worked on
        return failing() if fails else ("old",)

    assert answering(slow, outputs=1, reports=True)(requests, "1|f1") == (SKIP,) * 3


def test_a_request_that_the_queue_delayed_is_not_worked_on_after_a_newer_one():
    requests = LatestOnly()
    answer = answering(lambda text: (text,), outputs=1)
    assert answer(requests, "7|f2", "new") == ("f2", "new")
    assert answering(lambda: pytest.fail("it was worked on"), outputs=1)(requests, "6|f1") == (SKIP, SKIP)
    assert list(answering_stream(lambda: pytest.fail("so was this"), outputs=1)(requests, "6|f1")) == [(SKIP, SKIP)]
    assert answer(requests, "8|f1", "newer") == ("f1", "newer")


def test_what_follows_by_itself_takes_no_request_of_the_visitor_its_answer():
    requests, again = LatestOnly(), answering_again(lambda text: (text,), outputs=1)

    def search():
        assert again(requests, "7", "the same") == ("the same",)  # asked for while this one is worked on
        return ("found",)

    assert answering(search, outputs=1)(requests, "7|f1") == ("f1", "found")
    assert again(requests, "7", "the same") == ("the same",)
    requests.begin(9)
    assert again(requests, "7", "older") == (SKIP,)
    assert again(requests, "10", "of a request that has not arrived") == (SKIP,)

    def overtaken():
        requests.begin(11)
        return ("old",)

    assert answering_again(overtaken, outputs=1)(requests, "9") == (SKIP,)


def test_a_stream_brings_the_fingerprint_after_its_last_outputs():
    def stream():
        yield ("half",)
        yield ("whole",)

    answers = list(answering_stream(stream, outputs=1, reports=True)(LatestOnly(), "1|f1"))
    assert answers == [(SKIP, "", "half"), (SKIP, "", "whole"), ("f1", SKIP, SKIP), (SKIP, SKIP, SKIP)]


def test_a_stream_that_fails_keeps_what_it_said_before():
    *_, (shown, problem, result), _ = answering_stream(failing_stream, outputs=1, reports=True)(LatestOnly(), "1|f1")
    assert (shown, result) == ("!f1", SKIP)
    assert "one sentence" in problem


def test_a_stream_ends_at_the_first_answer_that_comes_too_late():
    requests = LatestOnly()

    def stream():
        yield ("half",)
        requests.begin()
        yield ("whole",)
        pytest.fail("it was not ended")

    assert list(answering_stream(stream, outputs=1)(requests, "1|f1")) == [(SKIP, "half"), (SKIP, SKIP)]


def test_the_inputs_of_an_event_are_those_of_its_handler_and_the_panels():
    with gr.Blocks():
        text, pooling, cost = gr.Textbox(), gr.Dropdown(), gr.HTML()
        first = build_panel("first", [text, pooling])
        second = build_panel("second", after=first)
        event = first.event(lambda given: (given,), [text], [cost])
        later = second.event(lambda: ("x",), [], [cost])
    assert event["inputs"] == [first.requests, first.sent, text, pooling]
    assert "[2, 3]" in event["js"]
    assert event["fn"](LatestOnly(), "1|f1", "typed", "mean") == ("f1", "typed")
    assert later["inputs"] == [second.requests, second.sent, first.shown]
    assert later["fn"](LatestOnly(), "2|f1 f2", "f1") == ("f1 f2", "x")
    assert panel_class("first", "second") == ["ph-panel-first", "ph-panel-second"]
