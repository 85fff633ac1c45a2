import anyio
import pytest

from demo.serving.budget import AtOnce, Bytes, TooMany
from tests.coroutines import run


def test_so_many_run_so_many_wait_and_the_next_one_is_refused():
    async def crowd():
        share, release, log = AtOnce(running=2, waiting=1), anyio.Event(), []

        async def one(number):
            try:
                async with share.turn("key"):
                    log.append(number)
                    await release.wait()
            except TooMany:
                log.append(f"{number} refused")

        async with anyio.create_task_group() as tasks:
            for number in range(4):
                tasks.start_soon(one, number)
            await anyio.wait_all_tasks_blocked()
            assert log == [0, 1, "3 refused"]
            async with share.turn("another key"):
                log.append("another")
            release.set()
        return log, share

    log, share = run(crowd)
    assert log == [0, 1, "3 refused", "another", 2]
    assert not share._held and not share._turns


def test_a_turn_that_fails_is_given_back():
    async def failing():
        share = AtOnce(running=1, waiting=0)
        for _ in range(3):
            with pytest.raises(ValueError):
                async with share.turn("key"):
                    raise ValueError
        return share

    assert not run(failing)._held


def test_bytes_count_within_their_period_and_by_their_key():
    now = [0.0]
    taken = Bytes(100, seconds=60, clock=lambda: now[0])
    taken.take("a", 60)
    assert taken.has_room("a", 40) and not taken.has_room("a", 41) and taken.has_room("b", 100)
    now[0] = 30.0
    taken.take("a", 40)
    assert not taken.has_room("a")
    now[0] = 60.0
    assert taken.has_room("a", 60) and not taken.has_room("a", 61)
