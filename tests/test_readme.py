"""The examples of the README that ask servers, run as they stand there against servers of this test."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest
import uvicorn

from mtl.inference import Engine
from mtl.serving.app import build_app
from mtl.serving.limits import ServeLimits
from mtl.serving.model import ServedModel
from tests.demo.server import free_port
from tests.hardening.served import served
from tests.mtl.inference.engines import engine_of
from tests.tiny import save_backbone
from tests.waiting import CEILING, until

ROOT = Path(__file__).resolve().parents[1]
PAGE, SERVICE = "http://127.0.0.1:7860", "http://127.0.0.1:8000"
CLIENT = ROOT / "node_modules" / "@gradio" / "client"
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_client = pytest.mark.skipif(not CLIENT.is_dir(), reason="npm install @gradio/client in the checkout runs this")


def _example(language, address):
    blocks = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S | re.M)
    (found,) = (block for block in blocks if address in block)
    return found


def _run(command, *, source=None):
    own = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1"}
    ended = subprocess.run(
        command, input=source, env={**os.environ, **own}, cwd=ROOT, capture_output=True, text=True, timeout=CEILING
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="module")
def page():
    with served() as one:
        yield str(one.client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Engine:
    return engine_of(save_backbone("bert", tmp_path_factory.mktemp("backbone")))


@pytest.fixture(scope="module")
def service(engine):
    port = free_port()
    app = build_app(ServedModel(engine, "starter", ServeLimits()))
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_config=None))
    thread = Thread(target=server.run)
    thread.start()
    until(lambda: server.started, "a server that answers")
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(CEILING)


def test_python_calls_the_page(page):
    printed = _run([sys.executable, "-"], source=_example("python", PAGE).replace(PAGE, page))
    assert "{'topic': {'sports': 0.75" in printed and printed.rstrip().endswith(" 8")


@needs_client
def test_javascript_calls_the_page(page, tmp_path):
    program = tmp_path / "example.mjs"
    program.write_text(_example("js", PAGE).replace(PAGE, page), encoding="utf-8")
    (tmp_path / "node_modules").symlink_to(ROOT / "node_modules")
    printed = _run(["node", str(program)])
    assert '"entities":{"entities":[]}' in printed


@needs_curl
def test_curl_calls_the_page(page):
    printed = _run(["sh", "-e"], source=_example("sh", PAGE).replace(PAGE, page))
    assert "event: complete" in printed and '"sports": 0.75' in printed


@needs_curl
def test_curl_asks_the_service(service):
    printed = _run(["sh", "-e"], source=_example("sh", SERVICE).replace(SERVICE, service))
    assert printed.startswith('{"model":"starter"') and '"object":"list"' in printed
