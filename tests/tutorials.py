"""A tutorial as a reader follows it: its blocks in order, each run, written to a file, or compared with what was said.

The word after the language of a block says what is done with it:

- nothing: `bash` and `python` are run, `text` is what the block before it prints;
- `file=NAME`: the reader saves it under this name;
- `varies`, of `text`: numbers stand for numbers of any value, since they are those of one machine;
- `slow`: it is run by `make test-slow` alone, as is its output;
- `needs=WHAT`: nothing here can run it; `tests/test_tutorials.py` has a check for each WHAT.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO

from mtl.cli import console
from mtl.cli.app import main
from tests.waiting import CEILING

compare = import_module("mtl.comparing.compare")
ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "tutorials"
_BLOCK = re.compile(r"^```(\w+) ?([^\n]*)\n(.*?)^```$", re.S | re.M)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:e-?\d+)?")
_DURATION = re.compile(r"\b0 (s|min|h)\b")  # a slow machine takes minutes
_COLUMNS = 120
_FRAME = re.compile(r"[\u2500-\u257f]+")


@dataclass(frozen=True)
class Block:
    """A fenced block; `how` is what follows its language."""

    language: str
    how: str
    text: str
    line: int

    @property
    def needs(self) -> str:
        return self.how.removeprefix("needs=") if self.how.startswith("needs=") else ""

    @property
    def file(self) -> str:
        return self.how.removeprefix("file=") if self.how.startswith("file=") else ""


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text(encoding="utf-8")
    return [
        Block(found[1], found[2], found[3], text[: found.start()].count("\n") + 1) for found in _BLOCK.finditer(text)
    ]


class Reader:
    """Follows a tutorial in a folder with the files of the project.

    Args:
        folder: empty.
        port: in the place of 8000, which another program may use.
        as_typed: run everything in processes of its own, `slow` blocks too. Otherwise calls of `python -m mtl` are made
            in this process, which has loaded torch already.
    """

    def __init__(self, folder: Path, *, port: int, as_typed: bool) -> None:
        self._folder, self._port, self._as_typed = folder, str(port), as_typed
        self._said = ""
        for name in ("app.py", "demo", "mtl", "examples", "benchmarks", "Dockerfile", "requirements.txt"):
            (folder / name).symlink_to(ROOT / name)
        self._environment = {
            **os.environ,
            "MTL_HOME": str(folder / "home"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "COLUMNS": str(_COLUMNS),
        }

    def follow(self, block: Block) -> None:
        if block.needs or (block.how == "slow" and not self._as_typed):
            self._said = ""
        elif block.file:
            (self._folder / block.file).write_text(block.text, encoding="utf-8")
        elif block.language == "text":
            assert self._said, "a block that prints something was expected before this one"
            assert says(self._said, block.text, varies="varies" in block.how), self._said
        elif block.language == "bash":
            self._said = self._shell(block.text.replace("8000", self._port))
        elif block.language == "python":
            self._said = self._python(block.text.replace("8000", self._port))

    def _shell(self, text: str) -> str:
        lines = text.replace("\\\n", " ").splitlines()
        calls = [shlex.split(line, comments=True) for line in lines if line.strip() and not line.startswith("#")]
        if self._as_typed or not all(call[:3] == ["python", "-m", "mtl"] for call in calls):
            return self._run(["bash", "-e", "-o", "pipefail", "-c", text])
        said = io.StringIO()
        with _within(self._folder, self._environment), _printing_to(said), _comparing_here():
            statuses = [main(call[3:]) for call in calls]
        assert not any(statuses), said.getvalue()
        return said.getvalue()

    def _python(self, text: str) -> str:
        if self._as_typed:
            return self._run([sys.executable, "-c", text])
        said = io.StringIO()
        with _within(self._folder, self._environment), _printing_to(said):
            exec(compile(text, "tutorial", "exec"), {"__name__": "__main__"})  # noqa: S102
        return said.getvalue()

    def _run(self, command: list[str]) -> str:
        with subprocess.Popen(
            command,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as started:
            try:
                said, _ = started.communicate(timeout=CEILING)
            finally:  # what it left running, too
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(started.pid, signal.SIGKILL)
        assert started.returncode == 0, said
        return said


def says(said: str, page: str, *, varies: bool) -> bool:
    """Whether the page shows what was printed: `...` stands for anything, frames and extra spaces for nothing."""
    said, page = (_FRAME.sub(" ", text) for text in (said, page))
    if varies:
        said, page = (_DURATION.sub("0 s", _NUMBER.sub("0", text)) for text in (said, page))
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    return doctest.OutputChecker().check_output(page, said, flags)


@contextlib.contextmanager
def _within(folder: Path, environment: dict[str, str]):
    before = dict(os.environ)
    os.environ.update(environment)
    try:
        with contextlib.chdir(folder):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _comparing_here():
    """Let `compare` train in this process, too."""

    def train(command: list[str], *, stdout: BinaryIO, **_: object) -> subprocess.Popen[bytes]:
        said = io.StringIO()
        with _printing_to(said):
            status = main(command[3:])
        stdout.write(said.getvalue().encode())
        return subprocess.Popen(["sh", "-c", f"exit {status}"])

    before = compare.subprocess
    compare.subprocess = SimpleNamespace(Popen=train, PIPE=subprocess.PIPE, STDOUT=subprocess.STDOUT)
    try:
        yield
    finally:
        compare.subprocess = before


@contextlib.contextmanager
def _printing_to(said: io.StringIO):
    width, console.out.width = console.out.width, _COLUMNS
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            yield
    finally:
        console.out.width = width
