import gradio as gr

from demo.latest_only import LatestOnly
from demo.tabs.shared import latest, reporting
from mtl.errors import InputError


def test_an_answer_is_dropped_when_something_newer_was_asked_meanwhile():
    requests = LatestOnly()

    def slow(text: str) -> tuple[str, str]:
        if text == "old":
            answers.append(asked(requests, "new"))
        return text, text

    answers: list[tuple[object, ...]] = []
    asked = latest(slow, outputs=2)
    assert asked(requests, "old") == (gr.skip(), gr.skip())
    assert answers == [("new", "new")]


def test_a_stale_error_is_dropped_too():
    requests = LatestOnly()

    def failing() -> tuple[str]:
        requests.begin()
        raise InputError("too late")

    assert latest(reporting(failing, outputs=1), outputs=2)(requests) == (gr.skip(), gr.skip())


def test_what_nobody_asked_for_takes_no_message_away():
    def done(value: str) -> tuple[str]:
        return (value,)

    assert reporting(done, outputs=1)("a") == ("", "a")
    assert reporting(done, outputs=1, clears=False)("a") == (gr.skip(), "a")


def test_a_single_output_is_skipped_as_one_value():
    requests = LatestOnly()
    assert latest(lambda: requests.begin(), outputs=1)(requests) == gr.skip()
