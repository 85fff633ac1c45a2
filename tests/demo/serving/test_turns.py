from types import SimpleNamespace

from gradio.queueing import EventQueue
from hypothesis import given
from hypothesis import strategies as st

from demo.serving.turns import FairQueue, Shares, in_turns
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


class _Queue(FairQueue):
    def __init__(self, slots, *, keeps=True):
        self.shares = Shares(99, 99, 99, keeps_slots=keeps)
        self.active_jobs = [None] * 9
        self.event_queue_per_concurrency_id = {"kind": EventQueue("kind", slots)}

    def add(self, *askers):
        for owner, address in askers:
            event = _event(owner, address)
            event.concurrency_id = "kind"
            self.event_queue_per_concurrency_id["kind"].queue.append(event)

    def begin(self):
        """Begin what may begin; returns who."""
        begun = []
        while (found := self.get_events()) is not None:
            self.active_jobs[self.active_jobs.index(None)] = found[0]
            self.event_queue_per_concurrency_id["kind"].current_concurrency += 1
            begun.append(_who(found[0][0]))
        return begun


def test_one_visitor_gets_half_of_the_slots_and_one_address_all_but_one():
    queue = _Queue(4)
    queue.add(*[("a", "1")] * 5)
    assert len(queue.begin()) == 2
    queue.add(*[(str(number), "1") for number in range(5)])
    assert len(queue.begin()) == 1
    queue.add(("b", "2"))
    assert queue.begin() == [Visitor("b", "2")]


def test_a_single_slot_is_for_anybody_and_a_page_of_ones_own_uses_all():
    queue = _Queue(1)
    queue.add(("a", "1"))
    assert len(queue.begin()) == 1
    queue = _Queue(4, keeps=False)
    queue.add(*[("a", "1")] * 5)
    assert len(queue.begin()) == 4


def test_programs_without_a_cookie_have_the_share_of_their_address():
    queue = _Queue(4)
    queue.add(*[("", "1")] * 5)
    assert len(queue.begin()) == 3
