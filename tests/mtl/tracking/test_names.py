"""Names for trackers: each is taken, is one name's alone, and reads as that name where this has usual characters."""

import posixpath
import re

from hypothesis import example, given
from hypothesis import strategies as st

from mtl.tracking.names import tracker_name

PIECES = st.sampled_from(["/", ".", "..", "_", "U002B", "U", "_U002B_", "+", "a", "É", "e\u0301", "👍", "\n", " ", ":"])
NAMES = st.text() | st.lists(PIECES).map("".join)


def is_taken_by_mlflow(name: str) -> bool:
    """The checks of `mlflow.utils.validation`."""
    normal = posixpath.normpath(name)
    is_path = normal == name and normal != "." and not normal.startswith(("..", "/"))
    return bool(re.fullmatch(r"[/\w.\- :]*", name)) and is_path and len(name) <= 250


def read_back(written: str) -> str:
    return re.sub("_U([0-9A-F]{4,6})_", lambda found: chr(int(found[1], 16)), written)


@given(NAMES.filter(bool))
@example("..a")
@example("a/./..//b/")
@example("_U002B+")
@example("+U002B_")
def test_a_name_can_be_read_back_and_mlflow_takes_it(name: str):
    written = tracker_name(name)
    assert is_taken_by_mlflow(written)
    if len(written) < 250:
        assert read_back(written) == name


@given(st.lists(st.from_regex(r"[\w\- :]([\w\-. :]*[\w\- :])?", fullmatch=True), min_size=1, max_size=4))
def test_usual_names_stay_as_they_are(parts: list[str]):
    name = "/".join(parts)
    if len(name) <= 250 and "_U" not in name:
        assert tracker_name(name) == name


@given(
    st.lists(st.sampled_from(["x", "+", "👍"]).flatmap(lambda one: st.integers(200, 400).map(one.__mul__)), unique=True)
)
def test_long_names_stay_different(names: list[str]):
    written = [tracker_name(name) for name in names]
    assert len(set(written)) == len(names)
    assert all(map(is_taken_by_mlflow, written))
