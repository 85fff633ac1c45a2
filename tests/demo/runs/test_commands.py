import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from demo.runs.commands import Command
from mtl.errors import RunError
from mtl.runs import home
from tests.waiting import CEILING

PROGRAM = (sys.executable, "-m", "tests.demo.fake_command")


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


def test_the_answer_comes_from_the_file_and_nothing_is_left():
    answer = Command(["plan", "recipe.yaml"], program=PROGRAM).answer(seconds=CEILING)
    assert answer["asked"][:2] == ["plan", "recipe.yaml"]
    assert list((home() / "answers").iterdir()) == []


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
