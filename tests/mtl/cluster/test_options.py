"""What a cluster may be asked for."""

import signal

import pytest

from mtl.cluster import ClusterOptions, session
from mtl.errors import ClusterError, InputError


@pytest.mark.parametrize("name", ["workers", "cores", "partition_rows"])
@pytest.mark.parametrize("value", [0, -1])
def test_counts_are_above_0(name: str, value: int):
    with pytest.raises(InputError, match=rf"^--[a-z-]+: a whole number above 0 was expected, was {value}$"):
        ClusterOptions(**{name: value})


@pytest.mark.parametrize("value", [-0.5, float("inf"), float("nan")])
def test_gpus_are_a_number(value: float):
    with pytest.raises(InputError, match="--worker-gpus: a number, 0 for none, was expected"):
        ClusterOptions(gpus=value)


@pytest.mark.parametrize("address", ["host", "host:", ":1", "host:x", "ray://host:10001", "http://host:1"])
def test_an_address_is_a_host_and_a_port(address: str):
    with pytest.raises(InputError, match="--address: auto or HOST:PORT was expected"):
        ClusterOptions(address=address)


@pytest.mark.parametrize("address", [None, "auto", "host:6379", "127.0.0.1:6379", "[::1]:6379"])
def test_addresses_of_clusters(address: str | None):
    assert ClusterOptions(address=address).address == address


def test_an_address_where_nothing_listens_is_one_sentence():
    with pytest.raises(
        ClusterError, match="^--address 127.0.0.1:1: a Ray cluster was expected there: Connection refused$"
    ):
        session.need_cluster(ClusterOptions(address="127.0.0.1:1"))


def test_without_ray_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(session, "find_spec", lambda _: None)
    with pytest.raises(ClusterError, match=r"pip install 'polyhead\[ray\]'"):
        session.need_cluster(ClusterOptions())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_that_breaks_a_lock_is_an_interrupt(number: signal.Signals):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), session._interruptible():
        try:
            signal.raise_signal(number)
        finally:
            raise RuntimeError("release unlocked lock")
    with pytest.raises(RuntimeError, match="of its own"), session._interruptible():
        raise RuntimeError("of its own")
    assert signal.getsignal(number) is before
