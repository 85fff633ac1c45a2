"""What many rows take of the memory, in a process of its own: Linux says the most that it ever was."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tiny import WORDS

pytestmark = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux tells the peak of memory")

ROWS, CHARACTERS = 60_000, 500
MOST = 25  # MB; the texts alone are 30 MB, and the objects that hold them twice that
MEASURED = """
import sys
from pathlib import Path
import numpy as np
from mtl import scratch
from mtl.data import count_labels, data_fingerprint, read_task
from mtl.data.warnings import data_warnings
from mtl.memory import release_memory
from mtl.recipe import TaskConfig

def memory(field):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(field))

def growth(use):
    use(10)  # what is loaded once
    release_memory()
    before = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    use(1)
    return memory("VmHWM") - before

def read(part):
    rows = int(sys.argv[2]) // part
    data = read_task("topic", TaskConfig(kind="classification", train=(sys.argv[1],), max_rows=rows))
    assert len(data_fingerprint(data).train) == 64 and count_labels(data.train).total() == len(data.train)
    list(data_warnings(data))

def write(part):
    writer = scratch.ArrayWriter(np.int64)
    for begin in range(0, 200 // part):
        writer.append(np.arange(1 << 17))
    assert writer.finish()[-1] == (1 << 17) - 1

scratch.IN_MEMORY = 1 << 20
print(growth(read), growth(write))
"""


def test_rows_and_numbers_beyond_a_size_are_not_in_memory(tmp_path: Path):
    file = tmp_path / "t.csv"
    filler = " ".join(WORDS)[:CHARACTERS]
    with file.open("w", encoding="utf-8") as opened:
        opened.write("text,label\n")
        opened.writelines(f"{i} {filler},{'ab'[i % 2]}\n" for i in range(ROWS))
    command = [sys.executable, "-c", MEASURED, str(file), str(ROWS)]
    done = subprocess.run(command, capture_output=True, text=True, env={"MTL_HOME": str(tmp_path)}, check=False)
    assert done.returncode == 0, done.stderr
    read, written = map(float, done.stdout.split())
    assert read < MOST
    assert written < MOST
