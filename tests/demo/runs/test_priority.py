"""The page goes before what it starts, and is never lowered with it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.runs.commands import Command
from demo.runs.limits import lower_priority
from tests.waiting import CEILING

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processors are shared among sessions on Linux alone")


def _group(pid: int) -> str:
    """The sessions' share that a process computes in, as the system calls it, and its nice level."""
    return Path(f"/proc/{pid}/autogroup").read_text() if Path(f"/proc/{pid}/autogroup").exists() else ""


@pytest.fixture
def waiting():
    """Starts processes that wait for their standard input to end."""
    started = []

    def start(*, own_session: bool) -> subprocess.Popen:
        command = [sys.executable, "-S", "-c", "input()"]
        started.append(subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=own_session))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait(CEILING)
        process.stdin.close()


@pytest.mark.usefixtures("lowest")
@pytest.mark.parametrize("own_session", [True, False])
def test_a_process_is_lowered_and_the_page_is_not(waiting, own_session):
    process, before = waiting(own_session=own_session), _group(os.getpid())
    lower_priority(process.pid)
    assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
    assert os.sched_getscheduler(process.pid) == os.SCHED_IDLE
    assert _group(os.getpid()) == before
    assert os.getpriority(os.PRIO_PROCESS, 0) < 19


def test_the_page_is_not_lowered_by_a_command(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    before = _group(os.getpid())
    command = Command(["x"], program=(sys.executable, "-c", "import sys; open(sys.argv[3], 'w').write('1')"))
    assert command.answer(seconds=CEILING) == 1
    assert _group(os.getpid()) == before
