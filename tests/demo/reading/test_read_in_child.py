import os
import pickle
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from demo.forking import ForkServer
from demo.reading import client, limits, read_in_child
from demo.reading.wire import UnwantedAnswerError, dump_answer, load_answer
from mtl.errors import DataError, InputError
from tests.demo.fakes import settings
from tests.demo.reading import jobs
from tests.waiting import CEILING, until

PAGE = replace(settings(share=True), read_seconds=1.0, read_memory_mb=300.0)
PATIENT = replace(PAGE, read_seconds=CEILING)
FILE = Path("/tmp/given.csv")


def call(function, *arguments, page=PAGE):
    return read_in_child(function, *arguments, path=FILE, settings=page)


def test_the_result_comes_from_another_process():
    assert call(jobs.add, 1, 2) == 3
    child, parent = call(jobs.process_ids)
    assert len({child, parent, os.getpid()}) == 3


def test_the_server_stays_and_children_do_not():
    (first, server), (second, same) = call(jobs.process_ids), call(jobs.process_ids)
    assert first != second and server == same


def test_a_child_has_neither_torch_nor_gradio_nor_transformers():
    found = set(call(jobs.modules))
    assert not found & {"torch", "gradio", "transformers", "plotly", "sklearn", "scipy", "pandas"}
    assert found >= {"pyarrow.parquet", "demo.inputs.drafts", "demo.answers.gold"}


def test_a_child_has_the_home_of_the_call(monkeypatch, tmp_path):
    for name in ("one", "two"):
        monkeypatch.setenv("MTL_HOME", str(tmp_path / name))
        assert call(jobs.home_of_child) == str(tmp_path / name)


def test_an_error_comes_back_whole():
    with pytest.raises(DataError) as caught:
        call(jobs.refuse, FILE)
    error = caught.value
    assert type(error) is DataError
    assert (error.message, error.path, error.line, error.key, error.column) == (
        "a number was expected", str(FILE), 7, "score", "score",
    )  # fmt: skip


def test_an_error_of_the_system_comes_back_as_one():
    with pytest.raises(OSError, match="No space left"):
        call(jobs.fill_disk)


@pytest.mark.parametrize(
    ("function", "arguments", "limit"),
    [
        (jobs.take_memory, (1_000,), "300 MB of memory"),
        (jobs.compute, (), "1 s of computing"),
        (jobs.wait, (), "within 3 s"),
        (jobs.answer_of, (40_000_000,), "at most 38 MB"),
        (jobs.nested, (50_000,), "nested too deeply"),
        (jobs.end_by, (signal.SIGSEGV,), "crashed"),
        (jobs.end_by, (signal.SIGKILL,), "at the moment"),
        (jobs.leave, (3,), "crashed"),
        (jobs.fail, (), "cannot be read"),
    ],
)
def test_whatever_ends_a_child_is_one_sentence_with_the_file_and_the_limit(function, arguments, limit, monkeypatch):
    if function is not jobs.wait:
        monkeypatch.setattr(limits, "_WALL", 600)  # a busy machine may need that long for it
    with pytest.raises(InputError) as caught:
        call(function, *arguments)
    assert str(FILE) in str(caught.value) and limit in str(caught.value) and "\n" not in str(caught.value)
    assert call(jobs.add, 1, 2) == 3


def test_what_a_failed_reader_said_is_neither_shown_nor_logged(caplog):
    with pytest.raises(InputError) as caught:
        call(jobs.fail)
    assert "secret" not in str(caught.value) + caplog.text
    assert "ZeroDivisionError" in caplog.text and "fail" in caplog.text


def test_files_that_a_child_writes_are_limited(tmp_path):
    with pytest.raises((OSError, InputError)):
        call(jobs.write_much, tmp_path / "large", 400_000_000)


def test_values_of_other_classes_than_data_cross_as_their_text():
    assert call(jobs.foreign) == {"at": "2024-05-01 00:00:00", "other": "foreign 3"}


@pytest.mark.parametrize("harmful", [os.system, print, pickle.loads])
def test_an_answer_that_names_a_function_is_refused(harmful):
    class Harm:
        def __reduce__(self):
            return harmful, ("true",)

    with pytest.raises(UnwantedAnswerError):
        load_answer(pickle.dumps(Harm()))


def test_a_refused_error_survives_the_way():
    found = load_answer(dump_answer(DataError("was expected", path="a", line="row 3")))
    assert str(found) == "a:row 3: was expected"


def test_a_server_that_was_killed_is_started_again():
    _, server = call(jobs.process_ids)
    os.kill(server, signal.SIGKILL)
    until(lambda: client._server._process.poll() is not None, "the end of the server")
    assert call(jobs.add, 1, 2) == 3


@pytest.mark.parametrize("whom", ["child", "server", "both"])
def test_a_file_is_read_again_when_something_killed_its_reader(tmp_path, whom):
    assert call(jobs.add_unless_killed, tmp_path / "was killed", whom) == 3


def test_a_server_that_does_not_answer_is_ended_and_started_again(monkeypatch):
    patience, end = client._server._patience, ForkServer._end

    def end_and_be_patient(self, process):
        monkeypatch.setattr(self, "_patience", patience)
        end(self, process)

    _, server = call(jobs.process_ids)
    monkeypatch.setattr(client._server, "_patience", 0.5)
    monkeypatch.setattr(ForkServer, "_end", end_and_be_patient)
    os.kill(server, signal.SIGSTOP)
    assert call(jobs.add, 1, 2) == 3


def test_many_calls_at_once_are_all_answered():
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda i: call(jobs.add, i, 1, page=PATIENT), range(24))) == list(range(1, 25))
