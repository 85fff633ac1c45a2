"""Visitors of the page without a browser: raw requests over kept connections, so that the client takes little time."""

import asyncio
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Answer:
    """Status, headers in lower case and body of a response."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Visitor:
    """One open page: its cookie, its session and its connection to the server."""

    port: int
    cookie: str = ""
    session: str = field(default_factory=lambda: secrets.token_hex(6))
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def open(self) -> float:
        """Load the page, which gives the cookie; returns the seconds."""
        started = time.perf_counter()
        answer = await self.ask("GET", "/")
        self.cookie = answer.headers.get("set-cookie", "").partition(";")[0] or self.cookie
        return time.perf_counter() - started

    async def arrive(self, page: "PageMap") -> None:
        """Load the page and ask for what it asks for as it opens, without results of a model."""
        await self.open()
        for fn in (page.filling("ph-guide-pages", "ph-picker", queue=False), page.filling("ph-tasks", queue=False)):
            body = {"data": page.values(fn, {}), "fn_index": fn, "session_hash": self.session}
            answer = await self.ask("POST", "/gradio_api/run/predict", body)
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}: {answer.body[:200]!r}")

    async def analyze(self, page: "PageMap", sentence: str) -> float:
        """Ask for everything about a sentence, as the Analyze tab does; returns the seconds.

        Raises:
            RuntimeError: the answer is an error.
        """
        started = time.perf_counter()
        await self.call(page.analyze, page.analyze_values(sentence))
        return time.perf_counter() - started

    async def call(self, fn: int, data: list[Any]) -> Any:  # noqa: ANN401
        """Call a handler that has a queue, and wait for its end.

        Raises:
            RuntimeError: the answer is an error.
        """
        body = {"data": data, "fn_index": fn, "session_hash": self.session}
        joined = await self.ask("POST", "/gradio_api/queue/join", body)
        if joined.status != 200:
            raise RuntimeError(f"{joined.status}: {joined.body[:200]!r}")
        heard = await self.ask("GET", f"/gradio_api/queue/data?session_hash={self.session}")
        for line in heard.body.split(b"\n\n"):
            if b'"process_completed"' in line:
                message = json.loads(line.removeprefix(b"data: "))
                if not message["success"]:
                    raise RuntimeError(str(message["output"])[:300])
                return message["output"]["data"]
        raise RuntimeError(f"no end in {heard.body[-300:]!r}")

    async def upload(self, name: str, content: bytes) -> dict[str, Any]:
        """Upload a file; returns it as a value of an upload button.

        Raises:
            RuntimeError: the server refuses it.
        """
        mark = secrets.token_hex(8)
        head = f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n\r\n'
        body = head.encode() + content + f"\r\n--{mark}--\r\n".encode()
        answer = await self.ask("POST", "/gradio_api/upload", body, kind=f"multipart/form-data; boundary={mark}")
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {answer.body[:200]!r}")
        return {"path": json.loads(answer.body)[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    async def ask(self, method: str, path: str, content: Any = None, kind: str = "application/json") -> Answer:  # noqa: ANN401
        """One request; a connection that the server closed is opened again."""
        body = b"" if content is None else content if isinstance(content, bytes) else json.dumps(content).encode()
        lines = [f"{method} {path} HTTP/1.1", f"host: 127.0.0.1:{self.port}", f"cookie: {self.cookie}"]
        lines += [f"content-type: {kind}", f"content-length: {len(body)}", "", ""]
        for attempt in range(2):
            fresh = self._streams is None
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=2**24)
            try:
                self._streams[1].write("\r\n".join(lines).encode() + body)
                return await self._read()
            except (ConnectionError, asyncio.IncompleteReadError):
                self.close()
                if fresh or attempt:
                    raise
        raise AssertionError

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _read(self) -> Answer:
        assert self._streams is not None
        reader = self._streams[0]
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        parts = []
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                parts.append(await reader.readexactly(size))
                await reader.readexactly(2)
            await reader.readexactly(2)
        else:
            parts.append(await reader.readexactly(int(headers.get("content-length", "0"))))
        if headers.get("connection") == "close":
            self.close()
        return Answer(int(head[0].split()[1]), headers, b"".join(parts))


@dataclass(frozen=True)
class PageMap:
    """What a client has to know of a page: its handlers and components, from `/config`."""

    config: dict[str, Any]

    @property
    def analyze(self) -> int:
        """The handler of the Analyze tab's text box."""
        return self.triggered("ph-sentence", "change")

    def triggered(self, element: str, event: str) -> int:
        """The first handler of the server that an event of an element calls."""
        place = next(c["id"] for c in self.config["components"] if c["props"].get("elem_id") == element)
        return next(
            each["id"]
            for each in self.config["dependencies"]
            if each["backend_fn"] and [place, event] in [list(target) for target in each["targets"]]
        )

    def filling(self, *elements: str, queue: bool = True) -> int:
        """The first handler with or without a queue that fills these elements."""
        places = {c["id"] for c in self.config["components"] if c["props"].get("elem_id") in elements}
        return next(
            d["id"]
            for d in self.config["dependencies"]
            if d["queue"] is queue and d["backend_fn"] and places <= set(d["outputs"])
        )

    def analyze_values(self, sentence: str) -> list[Any]:
        """The inputs of that handler for a sentence."""
        return self.values(self.analyze, {"ph-sentence": sentence, "ph-picker": "starter"})

    def values(self, fn: int, given: dict[str, Any]) -> list[Any]:
        """The inputs of a handler: given ones by element id or label, the others as the page has them at first."""
        components = {component["id"]: component for component in self.config["components"]}
        inputs = next(d["inputs"] for d in self.config["dependencies"] if d["id"] == fn)
        props = [components[each]["props"] for each in inputs]
        return [given.get(prop.get("elem_id"), given.get(prop.get("label"), prop.get("value"))) for prop in props]


async def map_of(port: int) -> PageMap:
    """Read the configuration of a page."""
    return PageMap(json.loads((await Visitor(port).ask("GET", "/config")).body))
