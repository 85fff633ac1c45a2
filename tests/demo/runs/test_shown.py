import pytest

from demo.runs.shown import PROJECT, sentence_of, shown
from mtl.errors import DataError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{PROJECT}/mtl/data/reading.py is a file", "reading.py is a file"),
        ("/srv/models/private/config.json: cannot be read", "config.json: cannot be read"),
        ("was '/data/space/home/a.csv' and \"/opt/b/c.csv\"", "was 'a.csv' and \"c.csv\""),
        ("see https://example.org/a/b and owner/name", "see https://example.org/a/b and owner/name"),
        ("science/technology, 1/2 and/or </b>", "science/technology, 1/2 and/or </b>"),
    ],
)
def test_no_folder_of_the_machine_is_shown(text, expected):
    assert shown(text) == expected


def test_an_error_names_its_file_alone():
    assert sentence_of(DataError("was /srv/x/y.csv", path="/srv/data/a b/c.csv", line=3)) == "c.csv:3: was y.csv"
