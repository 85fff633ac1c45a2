from types import SimpleNamespace

import gradio as gr
import pytest

from demo.answers.predicted import Gold
from demo.inputs.text_input import Sentences
from demo.latest_only import LatestOnly
from demo.tabs import results
from demo.tabs.results import NO_FILE, TextUpload
from tests.demo.fakes import FakeModel, settings


def run(requests, text, upload=NO_FILE, model=None):
    engines = SimpleNamespace(get=lambda key, owner: model or FakeModel())
    return results.predict_step(
        SimpleNamespace(settings=settings(), engines=engines), requests, "starter", "", text, upload
    )


def test_a_files_answers_count_as_long_as_the_box_shows_the_file():
    file = TextUpload(Sentences(("a", "b")), Gold(labels=("x", "y")))
    assert list(run(LatestOnly(), "a\nb", file))[-1][2].gold.labels == ("x", "y")
    assert list(run(LatestOnly(), "a\nc", file))[-1][2].gold.labels is None


def test_a_pass_that_became_stale_ends_without_changing_anything():
    requests, model = LatestOnly(), FakeModel()
    model.analyze = lambda sentences: (requests.begin(), FakeModel.analyze(model, sentences))[1]
    assert list(run(requests, "a", model=model)) == [(gr.skip(),) * 3]


def test_a_wrong_text_gives_one_sentence():
    assert "Type at least one sentence" in list(run(LatestOnly(), " "))[0][0]


@pytest.mark.parametrize("data", [None, {}, {"row": "x"}, {"row": "7"}, {"row": "-1"}, {"row": None}])
def test_a_row_that_is_not_there_is_none(data):
    known = list(run(LatestOnly(), "a\nb"))[-1][2]
    assert results.row_of(known, data) is None
    assert results.row_of(known, {"row": "1"}) == 1
