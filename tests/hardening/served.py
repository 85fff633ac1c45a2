"""The whole page behind its door, in this process, asked by raw requests as a program would."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from demo.answers.engines import Engines
from demo.page import build_page
from demo.runs import RunManager
from demo.serving import visitor
from demo.serving.launching import place_of, protect
from demo.settings import Settings
from tests.demo.fakes import FakeModel, arguments, settings
from tests.demo.server import free_port
from tests.waiting import CEILING

DOES_NOTHING = (sys.executable, "-c", "pass")


class Served:
    """A page and what a client needs to ask it."""

    def __init__(self, client: httpx.Client, blocks: Any, runs: RunManager) -> None:
        self.client, self.blocks, self.runs = client, blocks, runs

    @property
    def sessions(self) -> Any:
        """Where its sessions are."""
        return self.blocks.app.state_holder

    def post(self, path: str, content: Any, *, owner: str = "", **how: Any) -> Any:
        """A POST with a JSON body, as an owner."""
        headers = {**how.pop("headers", {}), **cookie(owner)}
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post(path, content=body, headers={"content-type": "application/json", **headers}, **how)

    def call(self, fn: Any, data: Any, *, owner: str = "", session: str, **more: Any) -> tuple[int, dict[str, Any]]:
        """Call an endpoint with its own queue or without; returns the status and the last content."""
        body = {"data": data, "fn_index": fn._id, "session_hash": session, **more}
        if not fn.queue:
            answer = self.post("/gradio_api/run/predict", body, owner=owner)
            return answer.status_code, answer.json()
        joined = self.post("/gradio_api/queue/join", body, owner=owner)
        if joined.status_code != 200:
            return joined.status_code, joined.json()
        heard = self.client.get(f"/gradio_api/queue/data?session_hash={session}", headers=cookie(owner))
        messages = [json.loads(line.removeprefix("data: ")) for line in heard.text.split("\n\n") if line]
        ends = [message for message in messages if message["msg"] == "process_completed"]
        assert ends, messages
        return (200 if ends[-1]["success"] else 500), {**ends[-1]["output"], "messages": messages}


def cookie(owner: str) -> dict[str, str]:
    """The header of an owner's cookie."""
    return {"cookie": f"{visitor.COOKIE}={owner}"} if owner else {}


@contextmanager
def served(chosen: Settings | None = None, *, model: Any = None, auth: Any = None, **place: Any) -> Iterator[Served]:
    """Serve a page; its runs end at once."""
    chosen = chosen or settings(training="capped")
    runs = RunManager(chosen, command=DOES_NOTHING)
    engines = Engines(settings=chosen, runs=runs, load=lambda _: model or FakeModel())
    blocks = build_page(settings=chosen, engines=engines, runs=runs)
    where = place_of(arguments(**place), {})
    options = protect(blocks, settings=chosen, place=where, runs=runs)
    _, url, _ = blocks.launch(
        server_name="127.0.0.1",
        server_port=free_port(),
        prevent_thread_lock=True,
        quiet=True,
        show_error=False,
        ssr_mode=False,
        auth=auth,
        **options,
    )
    with httpx.Client(base_url=url, timeout=CEILING) as client:
        yield Served(client, blocks, runs)
    blocks.close(verbose=False)
