import pytest

from mtl.errors import InputError
from mtl.labelling import LabelHint, ProjectKind, ProjectSpec
from mtl.labelling.log import checked_name
from mtl.labelling.names import is_readable

GOOD = ["sports", "می\u200cخواهم", "👩\u200d🚀", "क\u094d\u200dष", "a, \"b\" 'c' =d", "<b>", "日本"]
BAD = ["", " ", "\u200d", "a\nb", "a\u2028b", "a\tb", "a\0b", "a\u202eb", "\ud800"]


@pytest.mark.parametrize("name", GOOD)
def test_what_people_read_on_one_line_is_a_name(name):
    assert is_readable(name)
    assert checked_name(name) == name
    assert ProjectSpec("t", ProjectKind.SPANS, (LabelHint(name),)).names == (name,)


@pytest.mark.parametrize("name", BAD)
def test_lines_control_characters_and_nothing_are_none(name):
    assert not is_readable(name)
    with pytest.raises(InputError, match="1 to 100 characters"):
        ProjectSpec("t", ProjectKind.SPANS, (LabelHint(name),))
