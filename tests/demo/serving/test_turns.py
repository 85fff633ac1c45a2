from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from demo.serving.turns import in_turns
from demo.serving.visitor import Visitor


def _event(owner, address):
    return SimpleNamespace(request=SimpleNamespace(scope={"state": {"visitor": Visitor(owner, address)}}))


def _who(event):
    return event.request.scope["state"]["visitor"]


def test_one_visitor_with_many_requests_does_not_delay_another():
    crowd = [_event("a", "1") for _ in range(10)]
    other = _event("b", "2")
    assert in_turns([*crowd, other])[1] is other


def test_many_visitors_of_one_address_do_not_delay_another_address():
    crowd = [_event(str(number), "1") for number in range(10)]
    other = _event("b", "2")
    assert in_turns([*crowd, other])[1] is other


def test_visitors_of_one_address_take_turns():
    events = [_event("a", "1"), _event("a", "1"), _event("b", "1")]
    assert in_turns(events) == [events[0], events[2], events[1]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("12")), max_size=12))
def test_nobody_is_lost_and_the_requests_of_one_visitor_keep_their_order(askers):
    events = [_event(*asker) for asker in askers]
    ordered = in_turns(events)
    assert sorted(map(id, ordered)) == sorted(map(id, events))
    for asker in set(askers):
        own = [event for event in events if _who(event) == Visitor(*asker)]
        assert [event for event in ordered if _who(event) == Visitor(*asker)] == own
    assert in_turns(ordered) == ordered
