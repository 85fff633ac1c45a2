"""Events as JSON lines."""

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.errors import RunError
from mtl.runs import Evaluated, Event, Failed, Finished, Noticed, RunFolder, Saved, Started, Step, StopReason
from mtl.runs.events import EventReader, from_record, to_json

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
    assert from_record(json.loads(line)) == event


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.kind)
def test_a_line_says_its_kind_and_time(event: Event):
    record = json.loads(to_json(event))
    assert (record["kind"], record["time"]) == (event.kind, event.time)


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"step": 1},
        {"kind": "exploded"},
        {"kind": ["failed"]},
        {"kind": "failed"},
        {"kind": "failed", "step": 1, "message": "x", "more": 1},
    ],
)
def test_a_record_that_is_no_event_is_refused(record: dict[str, object]):
    with pytest.raises(RunError, match="an event of a known kind was expected"):
        from_record(record)


def test_an_unknown_reason_is_refused():
    line = to_json(Finished(1, StopReason.COMPLETED, 1.0, "done")).replace("completed", "bored")
    with pytest.raises(RunError):
        from_record(json.loads(line))


STEPS = [Step(i, 0.1, "topic", 1.0 + i, 1e-3, 10.0, time=float(i)) for i in range(40)]


def written(path: Path, events: list[Event]) -> None:
    path.write_text("".join(to_json(event) + "\n" for event in events))


def test_events_that_were_read_are_not_read_again(tmp_path: Path):
    path, reader = tmp_path / "events.jsonl", EventReader(tmp_path / "events.jsonl")
    assert reader.read() == []
    written(path, STEPS[:3])
    first = reader.read()
    with path.open("a") as file:
        file.write(to_json(STEPS[3]) + "\n")
    second = reader.read()
    assert second == STEPS[:4]
    assert all(a is b for a, b in zip(first, second, strict=False))


@given(
    st.lists(st.tuples(st.sampled_from(["append", "cut", "write", "replace", "remove"]), st.integers(1, 9)), max_size=8)
)
def test_a_file_that_is_replaced_cut_or_begun_anew_is_read_as_it_is(tmp_path: Path, changes: list[tuple[str, int]]):
    """An inode is used again by the next file, so a reader cannot know by it that a file is another one."""
    path, fresh, now = tmp_path / "events.jsonl", iter(STEPS * 3), []
    path.unlink(missing_ok=True)
    reader = EventReader(path)
    for change, count in changes:
        some = list(islice(fresh, count))
        now = {"append": now + some, "cut": now[: -count or None], "write": some, "replace": some, "remove": []}[change]
        if change == "remove":
            path.unlink(missing_ok=True)
        elif change == "replace":
            written(tmp_path / "new", now)
            (tmp_path / "new").replace(path)
        else:  # in place: the inode stays
            written(path, now)
        assert reader.read() == now


def test_a_line_that_was_cut_off_is_told_of_at_every_byte_and_the_rest_is_read(tmp_path: Path):
    folder = RunFolder(tmp_path)
    written(folder.events_file, STEPS[:2])
    whole = folder.events_file.read_bytes()
    second = whole.index(b"\n") + 1
    for cut in range(second, len(whole) + 1):
        folder.events_file.write_bytes(whole[:cut])
        folder.append(STEPS[2])
        notice = Noticed(0, "line 2 of events.jsonl was cut off and is left out", 0.0)
        between = [] if cut == second else [STEPS[1] if cut == len(whole) else notice]
        assert folder.events() == [STEPS[0], *between, STEPS[2]]


@pytest.mark.parametrize("spoiled", [b"\xff\xfe", b"\0" * 40, b"{", b"[1, 2]", b"3", b"{}{}", b"\xf0\x9f"])
def test_a_spoiled_line_is_left_out(tmp_path: Path, spoiled: bytes):
    path = tmp_path / "events.jsonl"
    path.write_bytes(to_json(STEPS[1]).encode() + b"\n" + spoiled + b"\n" + to_json(STEPS[2]).encode() + b"\n")
    first, notice, last = EventReader(path).read()
    assert (first, last) == (STEPS[1], STEPS[2])
    assert notice == Noticed(1, "line 2 of events.jsonl was cut off and is left out", 1.0)
