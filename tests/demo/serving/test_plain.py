import gradio as gr
import pytest

from demo.serving import plain
from demo.serving.served_blocks import ServedBlocks
from demo.serving.sessions import Sessions
from tests.coroutines import run


@pytest.fixture
def page():
    with ServedBlocks() as blocks:
        text, html, choice, kept = gr.Textbox(), gr.HTML(), gr.Dropdown(["a", "b"]), gr.State(7)
        gr.on([text.change], lambda *values: values, [text, choice, kept], [html, text, kept])
        gr.on([text.change], lambda *values: values, [gr.Number(), text], [html, gr.Number()])
    return blocks


def _session(page):
    sessions = Sessions(capacity=9, megabytes=1.0)
    sessions.set_blocks(page)
    return sessions["s"]


@pytest.mark.parametrize("text", ["", "abc", None, 5, "\u202e\U0001f600"])
@pytest.mark.parametrize("choice", ["a", None, "c", [], {}])
def test_texts_and_choices_are_what_gradio_makes_of_them(page, text, choice):
    fn, session = page.fns[0], _session(page)
    assert plain.takes_texts(fn)

    def outcome(convert):
        try:
            return convert()
        except Exception as error:
            return type(error).__name__

    async def by_gradio():
        return await gr.Blocks.preprocess_data(page, fn, [text, choice, None], session)

    assert outcome(lambda: plain.preprocess(fn, [text, choice, None], session)) == outcome(lambda: run(by_gradio))


@pytest.mark.parametrize("given", [("<b>x</b>", "", [1]), ("", "a", None)])
def test_answers_are_what_gradio_makes_of_them(page, given):
    fn = page.fns[0]
    assert plain.gives_texts(fn, given)
    one, other = _session(page), _session(page)

    async def by_gradio():
        return await gr.Blocks.postprocess_data(page, fn, list(given), other)

    assert plain.postprocess(fn, given, one) == run(by_gradio)
    assert one[fn.outputs[2]._id] == other[fn.outputs[2]._id] == given[2]


def test_changed_components_and_other_kinds_are_left_to_gradio(page):
    fn, numbers = page.fns[0], page.fns[1]
    assert not plain.takes_texts(numbers) and not plain.gives_texts(numbers, ("", 5))
    assert not plain.gives_texts(fn, (gr.skip(), "", 1))
    assert not plain.gives_texts(fn, (gr.HTML("", render=False), "", 1))
    assert not plain.gives_texts(fn, ("", ""))
