import gradio as gr

from demo.tabs.shared import latest, reporting
from demo.turns import Turns
from mtl.errors import InputError


def test_an_answer_is_dropped_when_something_newer_was_asked_meanwhile():
    turns = Turns()

    def slow(text: str) -> tuple[str, str]:
        if text == "old":
            answers.append(asked(turns, "new"))
        return text, text

    answers: list[tuple[object, ...]] = []
    asked = latest(slow, outputs=2)
    assert asked(turns, "old") == (gr.skip(), gr.skip())
    assert answers == [("new", "new")]


def test_a_stale_error_is_dropped_too():
    turns = Turns()

    def failing() -> tuple[str]:
        turns.take()
        raise InputError("too late")

    assert latest(reporting(failing, outputs=1), outputs=2)(turns) == (gr.skip(), gr.skip())


def test_a_single_output_is_skipped_as_one_value():
    turns = Turns()
    assert latest(lambda: turns.take(), outputs=1)(turns) == gr.skip()
