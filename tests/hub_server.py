"""A Hub of our own: repositories in memory, with the part of the protocol that uploads and downloads use."""

import base64
import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

TOKEN = "hf_ours"


@dataclass
class Hub:
    """What was stored, and what goes wrong."""

    url: str = ""
    files: dict[str, dict[str, bytes]] = field(default_factory=dict)
    private: dict[str, bool] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    uploads: list[str] = field(default_factory=list)
    """The SHA-256 of each large file that came, in order."""
    begun: list[str] = field(default_factory=list)
    breaks_after: int | None = None
    """After so many large files, the connection ends in the middle of the next one."""
    refuses: dict[str, int] = field(default_factory=dict)
    """A status by the end of a path."""


@contextmanager
def hub_server():
    """A running Hub."""
    hub = Hub()

    class Handler(_Handler):
        pass

    Handler.hub = hub
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        if self._is_refused(path):
            return
        if path == "/api/validate-yaml":
            known = "license: no-such" not in json.loads(body)["content"]
            errors = [] if known else [{"message": '"license" must be one of the known ones'}]
            self._json({"errors": errors, "warnings": []}, 200 if known else 400)
        elif path == "/api/repos/create":
            self._create(json.loads(body))
        elif path.endswith("/objects/batch"):
            self._batch(json.loads(body))
        elif "/preupload/" in path:
            self._preupload(path.split("/preupload/")[0].removeprefix("/api/models/"), json.loads(body))
        elif "/commit/" in path:
            lines = [json.loads(line) for line in body.splitlines()]
            self._commit(path.split("/commit/")[0].removeprefix("/api/models/"), lines)
        else:
            self._json({"error": "no such page"}, 404)

    def do_PUT(self) -> None:
        size = int(self.headers["content-length"])
        self.hub.begun.append(self.path)
        if self.hub.breaks_after is not None and len(self.hub.begun) > self.hub.breaks_after:
            self.rfile.read(size // 2)
            self._json({"error": "broken"}, 400)
            self.close_connection = True
            return
        content = self.rfile.read(size)
        name = hashlib.sha256(content).hexdigest()
        assert self.path == f"/objects/{name}"
        self.hub.objects[name] = content
        self.hub.uploads.append(name)
        self._json({})

    def do_GET(self) -> None:
        self._read(with_body=True)

    def do_HEAD(self) -> None:
        self._read(with_body=False)

    def _create(self, asked: dict) -> None:
        name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
        if name in self.hub.files:
            self._json({"error": "it is there already", "url": f"{self.hub.url}/{name}"}, 409)
            return
        self.hub.files[name], self.hub.private[name] = {}, asked.get("visibility") == "private"
        self._json({"url": f"{self.hub.url}/{name}"})

    def _preupload(self, name: str, asked: dict) -> None:
        modes = [
            {
                "path": file["path"],
                "uploadMode": "lfs" if file["path"].endswith(".safetensors") else "regular",
                "shouldIgnore": False,
            }
            for file in asked["files"]
        ]
        self._json({"files": modes})

    def _batch(self, asked: dict) -> None:
        objects = []
        for one in asked["objects"]:
            actions = {"upload": {"href": f"{self.hub.url}/objects/{one['oid']}"}}
            objects.append({**one, **({} if one["oid"] in self.hub.objects else {"actions": actions})})
        self._json({"transfer": "basic", "objects": objects})

    def _commit(self, name: str, lines: list[dict]) -> None:
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                self.hub.files[name][value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                self.hub.files[name][value["path"]] = self.hub.objects[value["oid"]]
            elif line["key"] == "deletedFile":
                del self.hub.files[name][value["path"]]
        self._json({"commitUrl": f"{self.hub.url}/{name}/commit/{self._sha(name)}", "commitOid": self._sha(name)})

    def _read(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if self._is_refused(path):
            return
        if path.startswith("/api/models/"):
            name = "/".join(path.split("/")[3:5])
            if name not in self.hub.files:
                self._json({"error": "Repository not found"}, 404, (("X-Error-Code", "RepoNotFound"),))
            elif "/tree/" in path:
                self._json([self._entry(*one) for one in self.hub.files[name].items()])
            else:
                siblings = [{"rfilename": file} for file in self.hub.files[name]]
                self._json({"id": name, "modelId": name, "sha": self._sha(name), "siblings": siblings})
            return
        name, _, rest = path.removeprefix("/").partition("/resolve/")
        content = self.hub.files.get(name, {}).get(rest.partition("/")[2])
        if content is None:
            self._json({"error": "no such file"}, 404, (("X-Error-Code", "EntryNotFound"),))
            return
        headers = (("ETag", f'"{hashlib.sha256(content).hexdigest()}"'), ("X-Repo-Commit", self._sha(name)))
        self._send(content, 200, headers, with_body=with_body)

    def _entry(self, path: str, content: bytes) -> dict:
        return {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}

    def _sha(self, name: str) -> str:
        return hashlib.sha1(repr(sorted(self.hub.files[name].items())).encode()).hexdigest()

    def _is_refused(self, path: str) -> bool:
        status = next((status for end, status in self.hub.refuses.items() if path.endswith(end)), None)
        if status is None and self.headers.get("authorization") != f"Bearer {TOKEN}" and self.command == "POST":
            status = 401
        if status is not None:
            # Announced, or the client would send its next request into a connection that is about to end.
            self._json({"error": "The Hub says no."}, status, (("Connection", "close"),))
        return status is not None

    def _json(self, content: object, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> None:
        body = json.dumps(content).encode()
        self._send(body, status, (("Content-Type", "application/json"), *headers), with_body=self.command != "HEAD")

    def _send(self, body: bytes, status: int, headers: tuple[tuple[str, str], ...], *, with_body: bool) -> None:
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)
