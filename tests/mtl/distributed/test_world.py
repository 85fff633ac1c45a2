"""What processes tell each other: figures, what the main one finds, errors and stops of one that are those of all."""

import os
import signal

import numpy as np
import pytest
import torch

from mtl.distributed import World, buckets, close, start, world
from mtl.errors import DataError, MtlError, TrainingError
from mtl.stopping import StopRequested
from tests.mtl.ranks import ending_on_ranks, on_ranks


def outcome(error: type[BaseException], work: object) -> str:
    try:
        work()
    except error as raised:
        return f"{type(raised).__name__}: {raised}"
    return "nothing was raised"


def talk() -> dict[str, object]:
    """Everything that processes say, in one meeting."""
    everyone = start()
    rank = everyone.rank

    def fail_in_1() -> int:
        if rank == 1:
            raise DataError("a file was expected")
        return rank

    def stop_in_main() -> None:
        if rank == 0:
            raise StopRequested

    def together() -> None:
        with everyone.together():
            fail_in_1()

    sums = [torch.full((3, 2), float(rank + 1)), torch.arange(4.0) * rank]
    everyone.sum_(sums)
    copied = torch.full((2,), float(rank))
    everyone.copy_from_main_([copied])
    everyone.seed(7, 1)
    found = {
        "same": world() is everyone,
        "table": everyone.table([rank, 0.1]).tolist(),
        "shard": everyone.shard(range(5)),
        "sums": [tensor.tolist() for tensor in sums],
        "copied": copied.tolist(),
        "drawn": torch.rand(2).tolist(),
        "gathered": everyone.gather(lambda: rank * 10),
        "first": everyone.first(lambda: f"of {rank}"),
        "error": outcome(MtlError, lambda: everyone.gather(fail_in_1)),
        "error in a block": outcome(MtlError, together),
        "stop": outcome(StopRequested, lambda: everyone.first(stop_in_main)),
        "stop of one": outcome(StopRequested, lambda: everyone.gather(stop_in_main)),
    }
    close()
    return {**found, "alone again": world().size}


@pytest.fixture(scope="module")
def said() -> list[dict[str, object]]:
    return on_ranks(3, talk)


def test_processes_know_each_other_until_they_part(said: list[dict[str, object]]):
    assert all(one["same"] and one["alone again"] == 1 for one in said)


def test_figures_and_tensors_add_up(said: list[dict[str, object]]):
    assert all(one["table"] == [[0, 0.1], [1, 0.1], [2, 0.1]] for one in said)
    assert all(one["sums"] == [[[6.0, 6.0]] * 3, [0.0, 3.0, 6.0, 9.0]] for one in said)
    assert all(one["copied"] == [0.0, 0.0] for one in said)


def test_a_batch_is_shared_without_rest(said: list[dict[str, object]]):
    assert [one["shard"] for one in said] == [[0, 3], [1, 4], [2]]


def test_each_process_draws_other_numbers(said: list[dict[str, object]]):
    assert len({tuple(one["drawn"]) for one in said}) == 3


def test_all_get_what_each_finds_or_what_the_main_process_finds(said: list[dict[str, object]]):
    assert all((one["gathered"], one["first"]) == ([0, 10, 20], "of 0") for one in said)


@pytest.mark.parametrize("kind", ["error", "error in a block"])
def test_an_error_of_one_is_one_of_all(said: list[dict[str, object]], kind: str):
    assert said[1][kind] == "DataError: a file was expected"
    for other in (said[0], said[2]):
        assert other[kind].startswith("TrainingError: process 1 on ")
        assert other[kind].endswith(": a file was expected")


def test_a_stop_of_one_is_one_of_all(said: list[dict[str, object]]):
    assert all(one[kind] == "StopRequested: " for one in said for kind in ("stop", "stop of one"))


def lose_one() -> str:
    everyone = start()
    everyone.table([1.0])
    if everyone.rank == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return outcome(TrainingError, lambda: [everyone.gather(lambda: None) for _ in range(2)])


def test_a_process_that_has_ended_is_an_error_in_the_others():
    codes, found = zip(*ending_on_ranks(3, lose_one), strict=True)
    assert codes == (0, -signal.SIGKILL, 0)
    for sentence in (found[0], found[2]):
        assert sentence.startswith("TrainingError: a process of this run has ended or cannot be reached")


def test_a_process_alone_does_everything_by_itself():
    alone = World()
    tensor = torch.ones(3)
    alone.sum_([tensor])
    state = torch.get_rng_state()
    alone.seed(1, 2)
    assert torch.equal(torch.get_rng_state(), state)
    assert (tensor.tolist(), alone.shard([4, 5]), alone.first(lambda: 3)) == ([1.0] * 3, [4, 5], 3)
    with pytest.raises(DataError), alone.together():
        raise DataError("x")
    assert start() is world()


@pytest.mark.parametrize("limit", [1, 5, 7, 100])
def test_buckets_hold_every_number_once(monkeypatch: pytest.MonkeyPatch, limit: int):
    monkeypatch.setattr(buckets, "_NUMBERS", limit)
    tensors = [torch.rand(2, 3), torch.rand(()), torch.rand(4).double(), torch.rand(0), torch.rand(5).double()]
    found = list(buckets.buckets(tensors))
    assert [id(part) for _, parts in found for part in parts] == [id(tensor) for tensor in tensors]
    assert all(len(parts) == 1 or len(flat) <= limit for flat, parts in found)
    numbers = np.concatenate([flat.numpy() for flat, _ in found])
    assert numbers.tolist() == np.concatenate([tensor.reshape(-1).numpy() for tensor in tensors]).tolist()
