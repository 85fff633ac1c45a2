"""A server in a process of its own, ended while it answers."""

import http.client
import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.demo.server import ROOT, free_port
from tests.waiting import CEILING, until

_PROGRAM = """
import sys
from types import SimpleNamespace
import numpy as np
from mtl.inference.analysis import Analysis
from mtl.serving import server

class Engine:
    tasks, dimension, waiting = {}, 2, 0
    choice = SimpleNamespace(backend="none")
    def on_batch(self, tell): pass
    def count_tokens(self, texts): return len(texts)
    def analyze(self, texts, *, entities):
        print("begun", flush=True)
        sys.stdin.readline()
        return [Analysis(text, np.ones(2, dtype=np.float32), {}, {}, 1, None) for text in texts]

def load(*_, **__):
    if len(sys.argv) > 3:
        print("loading", flush=True)
        sys.stdin.readline()
    return Engine()

server.Engine = SimpleNamespace(load=load)
server.serve(sys.argv[2], server.ServeOptions("127.0.0.1", int(sys.argv[1])))
"""


@pytest.fixture
def process(request, tmp_path):
    port = free_port()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    command = [sys.executable, "-c", _PROGRAM, str(port), str(tmp_path), *getattr(request, "param", ())]
    started = subprocess.Popen(command, cwd=ROOT, text=True, **pipes)
    started.port = port
    yield started
    started.kill()
    started.communicate()


def _ask(port, method="GET", path="/healthz", content=None):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CEILING)
    try:
        connection.request(method, path, content, {"content-type": "application/json"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _refuses(port):
    try:
        _ask(port)
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_runs_end_refuses_what_is_new_and_ends_with_0(process, number, tmp_path):
    until(lambda: not _refuses(process.port), "a server that listens")
    with ThreadPoolExecutor(1) as client:
        asked = client.submit(_ask, process.port, "POST", "/analyze", json.dumps({"text": "only for me"}))
        assert process.stdout.readline() == "begun\n"
        os.kill(process.pid, number)
        until(lambda: _refuses(process.port), "a server that refuses")
        assert not asked.done()
        process.stdin.write("go\n")
        process.stdin.flush()
        status, content = asked.result(CEILING)
    assert status == 200 and content["results"][0]["embedding"] == [1.0, 1.0]
    assert process.wait(CEILING) == 0
    log = process.stderr.read()
    lines = [json.loads(line) for line in log.splitlines()]
    assert lines[0]["message"] == "ready" and lines[-1]["message"] == "ended"
    assert any(line["message"] == "POST /analyze" and line["status"] == 200 for line in lines)
    assert "only for me" not in log and str(tmp_path.parent) not in log


@pytest.mark.parametrize("process", [("wait",)], indirect=True)
def test_a_signal_ends_a_server_that_still_loads_its_model(process):
    assert process.stdout.readline() == "loading\n"
    process.terminate()
    assert process.wait(CEILING) == 0
