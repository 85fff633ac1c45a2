import gradio as gr
import pytest
from gradio.data_classes import FileData

from demo.serving.served_blocks import _FILE_TYPE, _of_file_type


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
