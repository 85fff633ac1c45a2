import copy
from types import SimpleNamespace

import gradio as gr
import pytest
from gradio.data_classes import FileData
from gradio_client.utils import apply_diff
from hypothesis import given
from hypothesis import strategies as st

from demo.serving.served_blocks import _FILE_TYPE, ServedBlocks, _of_file_type

ANSWERS = st.recursive(
    st.none() | st.text(max_size=3) | st.integers(0, 3) | st.just({"__type__": "update"}),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from("abc"), part, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("endings", "sentence"),
    [
        ([".txt", ".csv", ".jsonl"], "A file that ends in .txt, .csv or .jsonl was expected."),
        ([".yaml", ".yml"], "A file that ends in .yaml or .yml was expected."),
    ],
)
def test_a_file_of_another_type_is_refused_with_the_endings_that_were_expected(endings, sentence):
    with pytest.raises(gr.Error) as caught:
        gr.UploadButton(file_types=endings).preprocess(FileData(path="/tmp/a.exe", orig_name="a.exe"))
    assert caught.value.message.startswith(_FILE_TYPE) and _of_file_type(caught.value.message) == sentence


def answer(page, values, **of):
    run = {"session_hash": "visitor", "run": "run", "final": False, "simple_format": False}
    return page.handle_streaming_diffs(SimpleNamespace(outputs=values), copy.deepcopy(values), **run | of)


@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.lists(ANSWERS, min_size=n, max_size=n), min_size=1, max_size=5)))
def test_each_answer_of_a_generator_replaces_whole_values_and_edits_none(answers):
    page = ServedBlocks()
    shown = answer(page, answers[0])
    assert shown == answers[0]
    for values in answers[1:]:
        sent = answer(page, values)
        assert all(path == [] for edits in sent for _, path, _ in edits)
        shown = [apply_diff(before, edits) for before, edits in zip(shown, sent, strict=True)]
        assert shown == values
    assert answer(page, [gr.skip() for _ in shown], final=True) == answers[-1]


@pytest.mark.parametrize("of", [{"session_hash": None}, {"run": None}, {"simple_format": True}])
def test_who_does_not_take_edits_gets_the_values_as_they_are(of):
    page = ServedBlocks()
    assert [answer(page, [value], **of) for value in (1, 2)] == [[1], [2]]
