import dataclasses
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.runs import limits
from demo.runs.commands import Command, answers_folder, sweep_answers
from mtl.errors import RunError
from mtl.runs import home
from mtl.runs.processes import process_of
from tests.demo.fakes import settings
from tests.waiting import CEILING, until

PROGRAM = (sys.executable, "-m", "tests.demo.fake_command")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


def test_the_answer_comes_from_the_file_and_nothing_is_left():
    answer = Command(["plan", "recipe.yaml"], program=PROGRAM).answer(seconds=CEILING)
    assert answer["asked"][:2] == ["plan", "recipe.yaml"]
    assert [file for file in (home() / "answers").rglob("*") if file.is_file()] == []


@pytest.mark.parametrize("arguments", [("fail",), ("fail", "names=/elsewhere/an upload/x.csv")])
def test_a_command_that_fails_says_its_own_sentence_without_our_folders(arguments):
    with pytest.raises(RunError) as caught:
        Command(arguments, program=PROGRAM).answer(seconds=CEILING)
    assert str(caught.value) == "x.csv:3: a label was expected"


def test_a_command_that_lasts_too_long_is_ended():
    with pytest.raises(RunError, match="longer than"):
        Command(["last"], program=PROGRAM).answer(seconds=0.5)


def test_a_cancelled_command_answers_nothing():
    command = Command(["last"], program=PROGRAM)
    with ThreadPoolExecutor() as pool:
        answer = pool.submit(command.answer, seconds=CEILING)
        command.cancel()
    assert answer.result() is None


def test_files_of_servers_that_have_ended_are_swept_and_those_of_this_one_stay():
    folder, own = home() / "answers", answers_folder()
    (own / "kept.json").touch()
    (folder / "123-456").mkdir(parents=True)
    (folder / "123-456" / "old.json").touch()
    (folder / "from-before.json").touch()
    sweep_answers()
    assert [file.name for file in folder.rglob("*")] == [own.name, "kept.json"]


def test_a_command_that_needs_too_much_memory_is_ended_with_a_sentence(monkeypatch):
    monkeypatch.setattr(limits, "_SUDDEN", 1e6)  # else the system lets it not even begin
    page = dataclasses.replace(settings(), max_run_memory_mb=1.0)
    with pytest.raises(RunError, match="^This needed more than 1 MB of memory, the limit of this page.$"):
        Command(["last"], program=PROGRAM, settings=page).answer(seconds=CEILING)


def test_a_command_ends_with_the_process_that_started_it(tmp_path):
    code = (
        "import sys, time; from demo.runs.commands import Command\n"
        "command = Command(['last'], program=(sys.executable, '-c', sys.argv[1]))\n"
        "print(command._process.pid, flush=True); time.sleep(300)"
    )
    inner = "import time; from mtl.runs.parent import end_with_parent; end_with_parent(); time.sleep(300)"
    server = subprocess.Popen([sys.executable, "-c", code, inner], stdout=subprocess.PIPE)
    command = process_of(int(server.stdout.readline()))
    server.kill()
    server.communicate()
    until(lambda: not command.is_alive, "the end of the command")
