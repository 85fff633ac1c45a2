from types import SimpleNamespace

import pytest

from demo.answers.predicted import Gold
from demo.inputs.text_input import Sentences
from demo.tabs import results
from demo.tabs.results import NO_FILE, TextUpload
from mtl.errors import InputError
from tests.demo.fakes import FakeModel, settings


def run(text, upload=NO_FILE):
    engines = SimpleNamespace(get=lambda key, owner: FakeModel(), state=lambda key, owner: "")
    shared = SimpleNamespace(settings=settings(), engines=engines)
    return list(results.predict_step(shared, "starter", "", text, upload))[-1][-1]


def test_a_files_answers_count_as_long_as_the_box_shows_the_file():
    file = TextUpload(Sentences(("a", "b")), Gold(labels=("x", "y")))
    assert run("a\nb", file).gold.labels == ("x", "y")
    assert run("a\nc", file).gold.labels is None


def test_a_wrong_text_is_refused():
    with pytest.raises(InputError, match="Type at least one sentence"):
        run(" ")


@pytest.mark.parametrize("change", [{"row": "x"}, {"row": "7"}, {"row": "-1"}, {"row": None}, {"stamp": "0"}])
def test_a_click_names_a_text_of_these_predictions_or_nothing(change):
    known = run("a\nb")
    click = {"row": "1", "stamp": str(known.stamp)}
    assert results.row_of(known, click) == 1
    assert results.row_of(known, click | change) is None
    assert results.row_of(known, None) is results.row_of(known, {}) is results.row_of(None, click) is None
