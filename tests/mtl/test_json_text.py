"""JSON of any file."""

import pytest

from mtl.json_text import parse_json


@pytest.mark.parametrize("text", ["", "{", "[" * 200_000, b"\xff", '{"a": ' * 200_000])
def test_what_is_no_json_is_a_value_error(text: str | bytes):
    with pytest.raises(ValueError):
        parse_json(text)
