"""A run's model on the Hub: what is refused before anything starts, and what the command gets."""

import sys
from pathlib import Path

import psutil
import pytest

from demo.runs.commands import Command
from demo.training import pushing
from demo.training.pushing import Upload, push_run
from mtl.errors import InputError, RunError
from mtl.runs import RunFolder, runs_root
from tests.demo.fakes import settings

TOKEN = "hf_secretsecret"
URL = "https://hub.example.org/a/b"


@pytest.fixture
def run(tmp_path, monkeypatch) -> RunFolder:
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    made = RunFolder(runs_root() / "20260101-000000-topic-aabbccdd")
    made.create()
    made.best.mkdir()
    (made.best / "config.json").write_text("{}")
    return made


def _answered(steps):
    """What was said on the way, and the address."""
    said = []
    while True:
        try:
            said.append(next(steps))
        except StopIteration as end:
            return said, end.value


class FakeCommand:
    """Stands for the process."""

    made: list[tuple[list[str], dict[str, str]]] = []

    def __init__(self, arguments, *, settings, secrets, work):
        self.made.append((arguments, dict(secrets)))

    def watch(self, *, seconds):
        yield ""
        yield "sending 2 files"
        yield "a.safetensors:   0%|     | 0.00/22M [00:00<?, ?B/s]\ra.safetensors:  45%|██   | 9.9M/22M"
        yield "error: refused"
        return {"url": URL}


@pytest.fixture
def made(monkeypatch):
    monkeypatch.setattr(pushing, "Command", FakeCommand)
    monkeypatch.setattr(FakeCommand, "made", [])
    return FakeCommand.made


@pytest.mark.parametrize(
    ("choices", "options"),
    [
        ({}, ["--private", "--no-sample"]),
        ({"private": False}, ["--no-sample"]),
        ({"sample": True}, ["--private"]),
        ({"private": False, "sample": True}, []),
    ],
)
def test_the_token_goes_by_the_environment_alone(run, made, choices, options):
    said, url = _answered(push_run(run, Upload(" a/b ", f" {TOKEN}\n", **choices), settings()))
    ((arguments, secrets),) = made
    assert (said, url) == (["sending 2 files", "sending a.safetensors, 45 %"], URL)
    assert arguments == ["push", str(run.best), "a/b", *options] and secrets == {"HF_TOKEN": TOKEN}
    assert TOKEN not in repr(Upload("a/b", TOKEN))


def test_without_a_token_the_account_is_that_of_this_user(run, made):
    _answered(push_run(run, Upload("a/b"), settings()))
    assert made[0][1] == {}


@pytest.mark.parametrize("name", ["", " ", "--private", "-a/b"])
def test_what_is_no_name_starts_nothing(run, made, name):
    with pytest.raises(InputError, match="OWNER/NAME was expected"):
        _answered(push_run(run, Upload(name, TOKEN), settings()))
    assert not made


@pytest.mark.parametrize("token", ["hf_a b", "hf_ä", "hf_a\nb", "hf_a\x00"])
def test_what_is_no_token_starts_nothing_and_is_not_repeated(run, made, token):
    with pytest.raises(InputError) as refused:
        _answered(push_run(run, Upload("a/b", token), settings()))
    assert not made and token not in str(refused.value)


@pytest.mark.parametrize("public", [{"share": True}, {"host": "0.0.0.0"}, {"public": True}, {"space": True}], ids=str)
def test_a_public_page_uploads_nothing(run, made, public):
    with pytest.raises(InputError, match="one machine alone"):
        _answered(push_run(run, Upload("a/b", TOKEN), settings(**public)))
    assert not made


def test_a_run_without_a_model_has_nothing_to_upload(run, made):
    (run.best / "config.json").unlink()
    with pytest.raises(RunError, match="no model to upload yet"):
        _answered(push_run(run, Upload("a/b", TOKEN), settings()))


@pytest.mark.parametrize("ends", ["fails", "answers", "is left"])
def test_a_secret_that_a_command_prints_is_neither_shown_nor_kept(tmp_path: Path, monkeypatch, ends):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    program = (
        "import json, os, sys, time\n"
        "print('error:', os.environ['HF_TOKEN'], file=sys.stderr, flush=True)\n"
        "time.sleep(300) if sys.argv[1] == 'is left' else None\n"
        "open(sys.argv[-1], 'w').write(json.dumps({'url': 'x'})) if sys.argv[1] == 'answers' else sys.exit(1)\n"
    )
    command = Command([ends], program=(sys.executable, "-c", program), secrets={"HF_TOKEN": TOKEN})
    watching, said = command.watch(seconds=300), []
    try:
        for line in watching:
            said.append(line)
            if ends == "is left" and line:
                break
    except RunError as error:
        said.append(str(error))
    watching.close()
    assert TOKEN not in "".join(said) and (ends == "answers" or "…" in said[-1])
    assert not [file for file in tmp_path.rglob("*") if file.is_file()]
    assert not psutil.pid_exists(command._process.pid)
