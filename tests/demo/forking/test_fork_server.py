"""Children that begin with their modules imported, whoever of the three processes ends first."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from demo.forking import CannotFork, ForkServer
from demo.forking import server as forking_server
from tests.waiting import CEILING, until

JOBS = "tests.demo.forking.jobs"


@pytest.fixture
def server():
    """Makes servers, which end with the test."""
    made = []

    def making(job: str, modules=(), **how) -> ForkServer:
        made.append(ForkServer(f"{JOBS}:{job}", list(modules), **how))
        return made[-1]

    yield making
    for one in made:
        one.end()


def is_there(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("status", [0, 3])
def test_a_child_does_its_job_and_ends_with_its_status(server, status):
    with server("echo").fork() as child:
        child.job.sendall(b"hello %d\n" % status)
        assert child.job.makefile("rb").readline() == b"HELLO %d\n" % status
        assert child.status(CEILING) == status


def test_a_job_that_fails_is_a_status_and_the_next_one_has_the_same_server(server):
    one = server("fail")
    found = []
    for _ in range(2):
        with one.fork() as child:
            assert child.status(CEILING) == 1
            found.append(one.pid)
    assert found[0] == found[1] is not None


def test_children_that_are_asked_for_before_the_server_is_ready_all_come(server):
    one = server("echo")

    def ask(number: int) -> bytes:
        child = one.ask()
        child.job.sendall(b"%d 0\n" % number)
        child.wait_for_start(CEILING)
        assert child.status(CEILING) == 0
        answer = child.job.makefile("rb").readline()
        child.close()
        return answer

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(16))) == [b"%d 0\n" % number for number in range(16)]


def test_a_child_ends_when_its_caller_fails(server):
    with pytest.raises(KeyError), server("stay").fork() as child:
        pid = int(child.job.makefile("rb").readline())
        raise KeyError
    until(lambda: not is_there(pid), "the end of the child")


def test_a_child_ends_with_its_server(server):
    one = server("stay")
    with one.fork() as child:
        pid = int(child.job.makefile("rb").readline())
        os.kill(one.pid, signal.SIGKILL)
        assert child.status(CEILING) is None
    until(lambda: not is_there(pid), "the end of the child")


def test_a_server_that_ends_before_its_child_is_said(server):
    one = server("stay")
    with one.fork():
        os.kill(one.pid, signal.SIGSTOP)
        child = one.ask()
        os.kill(one.pid, signal.SIGKILL)
        with pytest.raises(CannotFork):
            child.wait_for_start(CEILING)
        child.close()
    with one.fork() as child:
        assert int(child.job.makefile("rb").readline()) == child.pid


def test_a_child_that_lives_has_no_status_yet(server):
    with server("stay").fork() as child:
        with pytest.raises(TimeoutError):
            child.status(0.01)
        child.kill()
        assert child.status(CEILING) == -signal.SIGKILL
        child.kill()


def test_a_server_ends_when_nobody_has_asked_for_long_and_comes_again(server):
    one = server("echo", idle_seconds=0.1)
    for _ in range(2):
        with one.fork() as child:
            child.job.sendall(b"0\n")
            assert child.status(CEILING) == 0
        until(lambda: one.pid is None, "the end of the server")


def test_a_server_with_a_child_does_not_end(server):
    one = server("stay", idle_seconds=0.01)
    with one.fork() as child:
        child.job.makefile("rb").readline()
        with pytest.raises(TimeoutError):
            child.status(0.2)
        assert one.pid is not None


@pytest.mark.parametrize("ended", [False, True])
def test_a_child_may_be_killed_at_any_time_by_any_thread(server, ended):
    with server("echo" if ended else "stay").fork() as child:
        if ended:
            child.job.sendall(b"0\n")
            assert child.status(CEILING) == 0
        with ThreadPoolExecutor(4) as threads:
            status = threads.submit(child.status, CEILING)
            list(threads.map(lambda _: child.kill(), range(3)))
            assert status.result() == (0 if ended else -signal.SIGKILL)
    child.kill()
    child.close()


def test_children_come_and_go_on_a_page_with_many_connections(server):
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    try:
        with server("echo").fork() as child:
            assert child.job.fileno() > 1024
            child.job.sendall(b"3\n")
            assert child.status(CEILING) == 3
            child.kill()
    finally:
        for one in opened:
            os.close(one)


@pytest.mark.parametrize("number", [1, 2])
def test_a_child_that_the_system_refuses_is_said_and_harms_no_other(monkeypatch, number):
    def refused():
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refused)
    pairs = [os.pipe() for _ in range(number)]
    assert forking_server._forked([writer for _, writer in pairs]) is None
    for reader, _ in pairs:
        assert os.read(reader, 1) == b""  # whoever waits hears that nobody comes
        os.close(reader)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not tell this")
def test_the_memory_of_a_child_has_what_came_with_it_and_not_the_peak_of_whoever_started_it(server):
    held = bytearray(400_000_000)
    held[::4096] = b"x" * len(held[::4096])
    program = (
        "import resource, scipy.optimize; from mtl import memory\n"
        "print(memory.peak_memory(), 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
    alone, system = map(int, said.split())
    assert system > len(held) > 2 * alone
    with server("peak", modules=["scipy.optimize"]).fork() as child:
        peak, threads, imported = child.job.makefile().readline().split()
    assert (threads, imported) == ("1", "True")
    assert int(peak) == pytest.approx(alone, rel=0.15)


def test_server_and_children_end_with_the_page():
    code = (
        "import time\nfrom demo.forking import ForkServer\n"
        f"server = ForkServer('{JOBS}:stay', [])\nchild = server.ask()\nchild.wait_for_start(600)\n"
        "print(server.pid, child.pid, flush=True)\ntime.sleep(600)"
    )
    page = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    pids = [int(number) for number in page.stdout.readline().split()]
    page.kill()
    page.communicate()
    until(lambda: not any(map(is_there, pids)), "the end of the server and its child")


@pytest.mark.parametrize("is_told", [True, False])
def test_a_server_ends_in_order_with_its_page(is_told):
    """Whether or not the page has read that the server is ready."""
    code = (
        "import sys\nfrom demo.forking import ForkServer\n"
        f"server = ForkServer('{JOBS}:stay', [])\nchild = server.ask()\nchild.wait_for_start(600)\n"
        "print(server.pid, server.is_ready if sys.argv[1:] else '', flush=True)"
    )
    page = subprocess.run([sys.executable, "-c", code, *["told"] * is_told], capture_output=True, text=True, check=True)
    pid = int(page.stdout.split()[0])
    until(lambda: not is_there(pid), "the end of the server")
    assert page.stderr == ""


def test_a_server_that_has_read_nothing_for_long_gives_way_to_a_fresh_one(server):
    one = server("stay")
    with one.fork():
        old = one.pid
    os.kill(old, signal.SIGSTOP)
    children = []
    while one.pid == old and len(children) < 2_000:
        children.append(one.ask())
    children[-1].wait_for_start(CEILING)
    assert one.pid != old
    for child in children:
        child.kill()
        child.close()


def test_a_server_that_did_not_answer_is_not_ready_for_a_while_and_a_fresh_one_is(server):
    one = server("echo")
    with one.fork():
        assert one.is_ready
    one.distrust()
    assert not one.is_ready
    one.end()
    with one.fork():
        assert one.is_ready
