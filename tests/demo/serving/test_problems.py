import errno

import gradio as gr
import pytest

from demo.serving.problems import SYSTEM, sentence_of
from mtl.errors import InputError


@pytest.mark.parametrize("number", sorted(SYSTEM))
def test_an_error_of_the_system_is_a_sentence_without_its_path(number):
    sentence = sentence_of(OSError(number, "words of the system", "/secret/path"))
    assert sentence == SYSTEM[number] and "/secret" not in sentence and sentence.endswith(".")


def test_known_errors_say_themselves_and_others_have_a_number_in_the_log(caplog):
    assert sentence_of(InputError("A text was expected.")) == "A text was expected."
    assert sentence_of(gr.Error("No.")) == "No."
    for error in (ValueError("only for me"), OSError(errno.EXDEV, "x", "/secret/path")):
        caplog.clear()
        sentence = sentence_of(error)
        number = sentence.rstrip(".").rpartition(" ")[2]
        assert "only for me" not in sentence and "/secret" not in sentence
        assert number in caplog.text
