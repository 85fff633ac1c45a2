import anyio
import pytest

from mtl.serving import bodies
from mtl.serving.bodies import TooLarge, TooSlow
from tests.coroutines import run


def _sent(*parts):
    messages = [{"type": "http.request", "body": part, "more_body": i + 1 < len(parts)} for i, part in enumerate(parts)]

    async def receive():
        return messages.pop(0) if messages else await anyio.sleep_forever()

    return receive


def _read(receive, **how):
    async def reading():
        return await bodies.read_body(receive, **{"limit": 10, "declared": None, **how})

    return run(reading)


def test_a_body_comes_whole_and_can_be_given_again():
    assert _read(_sent(b"abc", b"", b"def")) == b"abcdef"

    async def again():
        given = bodies.replay(b"abc", _sent(b"later"))
        return [(await given())["body"] for _ in range(2)]

    assert run(again) == [b"abc", b"later"]


@pytest.mark.parametrize("parts,declared", [((b"x" * 11,), None), ((b"x" * 6, b"x" * 5), None), ((b"x",), "11")])
def test_a_body_over_the_limit_is_given_up(parts, declared):
    with pytest.raises(TooLarge):
        _read(_sent(*parts), declared=declared)


def test_a_body_that_says_it_is_small_is_counted_all_the_same():
    with pytest.raises(TooLarge):
        _read(_sent(b"x" * 11), declared="1")


def test_a_body_that_does_not_come_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "_PATIENCE", 0.0)
    with pytest.raises(TooSlow):
        _read(_sent())
