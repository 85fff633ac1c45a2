"""How many requests are let in, and what happens to one that takes too long."""

import asyncio
from threading import Event

import pytest

from mtl.serving.admission import Admission
from mtl.serving.limits import ServeLimits
from mtl.serving.refusal import Refusal
from mtl.stopping import StopRequested, check_stop
from tests.coroutines import run


def _admission(**limits):
    return Admission(ServeLimits(**limits))


async def _until(happened):
    async with asyncio.timeout(30):
        while not happened():
            await asyncio.sleep(0.001)


async def _refused(admission, client="a"):
    with pytest.raises(Refusal) as refused:
        await admission.run(client, lambda: None)
    assert int(refused.value.headers["retry-after"]) > 0
    return refused.value


def test_work_is_done_and_its_error_comes_back():
    async def asking():
        admission = _admission()
        assert await admission.run("a", lambda: 3) == 3
        with pytest.raises(ZeroDivisionError):
            await admission.run("a", lambda: 1 // 0)
        assert admission.count == 0

    run(asking())


@pytest.mark.parametrize("clients,limits,status", [("ab", {"waiting": 2}, 503), ("aa", {"of_client": 2}, 429)])
def test_one_more_than_may_wait_is_refused_until_another_is_answered(clients, limits, status):
    async def asking():
        admission, go = _admission(**limits), Event()
        running = [asyncio.create_task(admission.run(client, go.wait)) for client in clients]
        await _until(lambda: admission.count == 2)
        assert (await _refused(admission)).status == status
        go.set()
        assert await asyncio.gather(*running) == [True, True]
        assert await admission.run("a", lambda: 1) == 1

    run(asking())


def test_a_client_with_its_share_does_not_keep_others_out():
    async def asking():
        admission, go = _admission(of_client=1), Event()
        running = asyncio.create_task(admission.run("a", go.wait))
        await _until(lambda: admission.count == 1)
        assert (await _refused(admission)).status == 429
        assert await admission.run("b", lambda: 1) == 1
        go.set()
        await running

    run(asking())


def test_what_takes_too_long_is_stopped_and_holds_its_place_until_it_has_ended():
    async def asking():
        admission, ended, stopped = _admission(seconds=0.01, waiting=1), Event(), []

        def work():
            while True:
                try:
                    check_stop()
                except StopRequested:
                    ended.wait()
                    stopped.append(True)
                    raise

        with pytest.raises(Refusal) as refused:
            await admission.run("a", work)
        assert refused.value.status == 503 and "0.01 seconds" in refused.value.sentence
        assert (await _refused(admission)).status == 503
        ended.set()
        await _until(lambda: admission.count == 0)
        assert stopped == [True]

    run(asking())
