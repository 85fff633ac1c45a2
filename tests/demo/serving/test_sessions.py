import gradio as gr
import numpy as np
import pytest

from demo.serving import visitor
from demo.serving.served_blocks import ServedBlocks
from demo.serving.sessions import Sessions
from demo.serving.size import bytes_of
from demo.serving.visitor import Visitor, owner_input


@pytest.fixture
def page():
    with ServedBlocks() as blocks:
        blocks.kept = gr.State(None)
        blocks.owner = owner_input()
        blocks.choice = gr.Dropdown(["a", "b"])
    return blocks


def _sessions(page, capacity=3, megabytes=1.0):
    sessions = Sessions(capacity=capacity, megabytes=megabytes)
    sessions.set_blocks(page)
    return sessions


def test_a_session_holds_what_it_was_given_and_the_page_otherwise(page):
    sessions = _sessions(page)
    sessions["s"][page.kept._id] = 5
    changed = gr.Dropdown(["c"], render=False)
    sessions["s"][page.choice._id] = changed
    assert sessions["s"][page.kept._id] == 5 and sessions["s"][page.choice._id] is changed
    assert sessions["t"][page.kept._id] is None and sessions["t"][page.choice._id] is page.choice


def test_the_least_recently_used_session_is_forgotten(page):
    sessions = _sessions(page)
    for name in "abc":
        sessions[name][page.kept._id] = name
    sessions["a"]
    sessions["d"]
    assert "b" not in sessions and "a" in sessions and len(sessions.session_data) == 3


def test_the_data_of_the_least_recently_used_go_first_and_those_in_use_stay(page):
    sessions = _sessions(page, capacity=10)
    for name in "abcd":
        sessions[name][page.kept._id] = np.zeros(300_000, dtype=np.uint8)
    assert sessions["a"][page.kept._id] is None
    assert all(sessions[name][page.kept._id] is not None for name in "bcd")
    sessions["b"][page.kept._id] = np.zeros(5_000_000, dtype=np.uint8)
    assert sessions["b"][page.kept._id] is not None
    assert all(sessions[name][page.kept._id] is None for name in "acd")


def test_a_session_is_its_first_visitors(page):
    sessions, mine, other = _sessions(page), Visitor("me", "1"), Visitor("you", "1")
    assert sessions.may_read("s", other) and sessions.admits("s", mine) and sessions.admits("s", mine)
    assert not sessions.admits("s", other) and not sessions.may_read("s", other)


@pytest.mark.parametrize("name", ["", "a" * 65, "a b", "%61", "é", "a\n", "../a"])
def test_only_short_plain_names_are_sessions(page, name):
    assert not _sessions(page).admits(name, Visitor("me", "1"))


def test_the_address_with_the_most_sessions_is_forgotten_first(page):
    sessions = _sessions(page, capacity=6)
    sessions.admits("victim", Visitor("me", "1"))
    sessions["victim"][page.kept._id] = 5
    for number in range(20):
        sessions.admits(f"s{number}", Visitor("", "2"))
        sessions[f"s{number}"]
    assert "victim" in sessions and len(sessions.session_data) == 6


def test_the_owner_is_that_of_the_request_whatever_was_stored(page):
    session = _sessions(page)["s"]
    visitor.set_current(Visitor("me", "1"))
    assert session[page.owner._id] == "me"
    visitor.set_current(visitor.NOBODY)
    assert session[page.owner._id] == ""


@pytest.mark.parametrize(
    "value,least,most",
    [
        (np.zeros((1000, 100), dtype=np.float32), 400_000, 401_000),
        (["x" * 1000] * 1000, 8_000, 1_100_000),
        ([str(number) * 100 for number in range(1000)], 300_000, 500_000),
        ({"a": {"b": np.zeros(1000, dtype=np.int64)}}, 8_000, 10_000),
        (None, 0, 0),
    ],
)
def test_the_size_of_a_value_is_about_its_memory(value, least, most):
    assert least <= bytes_of(value) <= most


def test_a_value_that_holds_itself_has_a_size():
    loop = []
    loop.append(loop)
    assert bytes_of(loop) > 0
