"""Events as JSON lines."""

import json

import pytest

from mtl.errors import RunError
from mtl.runs import Evaluated, Event, Failed, Finished, Saved, Started, Step, StopReason
from mtl.runs.events import from_json, to_json

EVENTS: list[Event] = [
    Started(100, 10, ("topic", "names"), 5, 50, "cpu", "fp32", ("a note", "Ünïcode 🙂")),
    Started(0, 0, (), 0, 50, "cpu", "fp32"),
    Step(3, 0.3, "topic", 1.25, 1e-3, 4000.5),
    Evaluated(3, {"eval/topic/accuracy": 0.5, "eval/topic/f1/a b": 0.1}, 2.5),
    Saved(3, "best", 0.75, 12345),
    Saved(3, "last", None, 12345),
    *(Finished(100, reason, 60.5, "done") for reason in StopReason),
    Failed(7, "train.csv:3: text is empty\nwith a second line"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_an_event_comes_back_from_its_line_equal(event: Event):
    line = to_json(event)
    assert "\n" not in line
    assert from_json(line) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_a_line_says_its_kind_and_time(event: Event):
    record = json.loads(to_json(event))
    assert (record["kind"], record["time"]) == (event.kind, event.time)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "3",
        '{"step": 1}',
        '{"kind": "exploded"}',
        '{"kind": "failed"}',
        '{"kind": "failed", "step": 1, "message": "x", "more": 1}',
    ],
)
def test_a_line_that_is_no_event_is_refused(line: str):
    with pytest.raises(RunError, match="an event line of a known kind was expected"):
        from_json(line)


def test_an_unknown_reason_is_refused():
    line = to_json(Finished(1, StopReason.COMPLETED, 1.0, "done")).replace("completed", "bored")
    with pytest.raises(RunError):
        from_json(line)
