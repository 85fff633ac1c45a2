"""What the tests run in child processes."""

import os
import signal
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from mtl.errors import DataError


@dataclass(frozen=True)
class Foreign:
    value: int

    def __str__(self) -> str:
        return f"foreign {self.value}"


def add(first, second):
    return first + second


def process_ids():
    return os.getpid(), os.getppid()


def modules():
    return sorted(sys.modules)


def home_of_child():
    return os.environ.get("MTL_HOME")


def take_memory(megabytes):
    return len(bytearray(megabytes * 1_000_000))


def compute():
    while True:
        pass


def wait():
    signal.pause()


def end_by(number):
    os.kill(os.getpid(), number)
    signal.pause()


def add_unless_killed(mark, whom):
    if not mark.exists():
        mark.touch()
        for one in {"child": [os.getpid()], "server": [os.getppid()], "both": [os.getppid(), os.getpid()]}[whom]:
            os.kill(one, signal.SIGKILL)
        signal.pause()
    return 3


def leave(status):
    os._exit(status)


def answer_of(size):
    return "a" * size


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


def refuse(path):
    error = DataError("a number was expected", path=path, line=7, key="score")
    error.column = "score"
    raise error


def fail():
    raise ZeroDivisionError("a secret of the file")


def fill_disk():
    raise OSError(28, "No space left on device")


def write_much(path, size):
    Path(path).write_bytes(b"\0" * size)


def foreign():
    return {"at": datetime(2024, 5, 1), "other": Foreign(3)}
