"""The page and its files over the network: compressed once, the same for all, and files are asked for once."""

import gzip
import re
import socket
from pathlib import Path

import anyio
import gradio
import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from demo.serving.page_scripts import with_replacements
from demo.serving.response_cache import ResponseCache, accepts_gzip
from tests.coroutines import run
from tests.hardening.served import served

ASSETS = Path(gradio.__file__).parent / "templates" / "frontend" / "assets"
FILE = f"/assets/{min(file.name for file in ASSETS.glob('index-*.js'))}"
AWAY = {"host": "lab.example"}
COMPRESSED = {"accept-encoding": "gzip, br"}
WHOLE = {"accept-encoding": "identity"}


@pytest.fixture(scope="module")
def page():
    with served(allow_host=["lab.example"]) as one:
        yield one


def body(page, path, headers):
    """What was sent, as it was sent."""
    with page.client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.fixture(scope="module")
def asset(page):
    return "/" + re.search(r"assets/index-[\w-]+\.js", page.client.get("/").text)[0]


@pytest.mark.parametrize("address", [{}, AWAY], ids=["here", "away"])
@pytest.mark.parametrize("path", ["/", "asset"])
def test_everybody_gets_the_same_compressed_or_not(page, asset, path, address):
    path = asset if path == "asset" else path
    for _ in range(2):  # rendered, and kept
        short, sent = body(page, path, address | COMPRESSED)
        assert short.headers["content-encoding"] == "gzip" and len(sent) == int(short.headers["content-length"])
        plain, whole = body(page, path, address | WHOLE)
        assert "content-encoding" not in plain.headers and len(whole) == int(plain.headers["content-length"])
        assert gzip.decompress(sent) == whole and len(sent) < len(whole) / 2
        assert short.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert short.headers["content-type"] == plain.headers["content-type"]
        assert "default-src" in short.headers["content-security-policy"]


@pytest.mark.parametrize("accepted", [COMPRESSED, WHOLE], ids=["compressed", "whole"])
def test_what_is_named_by_its_content_is_asked_for_once(page, asset, accepted):
    for path in (asset, asset + "?v=1"):
        for condition in ({}, {"if-none-match": "x"}):  # of a browser that has kept one from before
            answer, sent = body(page, path, accepted | condition)
            assert "immutable" in answer.headers["cache-control"] and sent
    for path in ("/", "/theme.css", "/assets/index-00000000.js", "/assets/../app.py", "/config"):
        assert "immutable" not in body(page, path, accepted)[0].headers.get("cache-control", ""), path


@pytest.mark.parametrize("accepted", [COMPRESSED, WHOLE], ids=["compressed", "whole"])
@pytest.mark.parametrize("path", ["/", "asset"])
def test_who_asks_for_a_part_gets_the_whole_and_who_asks_for_the_head_its_headers(page, asset, path, accepted):
    """A response has other bytes than the file, so a part of one would not continue the other."""
    path = asset if path == "asset" else path
    whole, sent = body(page, path, accepted)
    for condition in ({}, {"if-range": '"x"'}):
        part = body(page, path, accepted | {"range": "bytes=0-9"} | condition)
        assert (part[0].status_code, part[1]) == (200, sent)
    assert not {"last-modified", "accept-ranges"} & set(whole.headers)
    head = page.client.head(path, headers=accepted)
    assert (head.status_code, head.content) == (200, b"")
    told = ("content-length", "content-type", "content-encoding", "cache-control", "etag", "vary")
    assert [head.headers.get(name) for name in told] == [whole.headers.get(name) for name in told]


def test_what_may_change_under_its_name_is_asked_for_again_and_sent_only_if_it_has_changed(page):
    changed = [
        script for script in ASSETS.glob("*.js") if with_replacements(script.read_bytes()) != script.read_bytes()
    ]
    tags = set()
    for path in ("/", *(f"/assets/{script.name}" for script in changed)):
        for accepted in (COMPRESSED, WHOLE):
            whole, _ = body(page, path, accepted)
            assert whole.headers["cache-control"] == "private, no-cache"
            tag = whole.headers["etag"]
            strong = tag.removeprefix("W/")  # some proxies make it so
            tags.add((path, tag))
            for kept in (tag, strong, f'"x", {tag}', "*"):
                again, sent = body(page, path, accepted | {"if-none-match": kept})
                assert (again.status_code, sent) == (304, b"")
                assert {again.headers["etag"], again.headers["vary"]} == {tag, "Accept-Encoding"}
                assert "default-src" in again.headers["content-security-policy"]
            for other in ("", '"x"', '"x,*,y"', f'"*", "{tag[:-2]}"', strong.strip('"')):
                again, sent = body(page, path, accepted | {"if-none-match": other})
                assert (again.status_code, len(sent)) == (200, int(whole.headers["content-length"]))
    assert len(tags) == 2 * (1 + len(changed)) >= 4


def test_who_has_kept_the_page_and_no_cookie_gets_one(page):
    tag = page.client.get("/", headers=WHOLE).headers["etag"]
    page.client.cookies.clear()
    again = page.client.get("/", headers=WHOLE | {"if-none-match": tag})
    assert again.status_code == 304 and "polyhead" in again.headers["set-cookie"]


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("br, GZIP ;q=0.5", True),
        ("", False),
        ("br", False),
        ("x-gzip", False),
        ("gzip;q=0", False),
        ("gzip; q = 0.000, br", False),
        ("identity;q=0, gzip", True),
    ],
)
def test_who_accepts_gzip(accepted, takes):
    assert accepts_gzip(Headers({"accept-encoding": accepted})) is takes


@pytest.mark.parametrize(
    ("path", "may"),
    [
        ("/", None),
        (FILE, True),
        (FILE.upper(), False),  # of a disk that takes both for one, it has many names
        (f"{FILE}.", False),
        (FILE.replace("/assets/", "/assets/./"), False),
        (FILE.replace("/assets/", "/assets/x/../"), False),
        (FILE.replace("/assets/", "/assets//"), False),
        (f"{FILE}/", False),
        ("/assets/a.js", False),
        ("/assets/", False),
        ("/assets/..", False),
        ("/gradio_api/info", False),
        ("//", False),
    ],
)
def test_a_file_has_one_name_and_a_page_with_a_login_is_for_one_visitor(path, may):
    scope = {"path": path, "method": "GET", "headers": []}
    for has_login in (True, False):
        assert ResponseCache.covers(scope, has_login=has_login) is (not has_login if may is None else may)
    assert not ResponseCache.covers({**scope, "method": "POST"}, has_login=False)


class Asked:
    """An application that tells what it was asked, and how its answers arrive."""

    def __init__(self, status=200, size=200_000):
        self.headers, self.cache, self.status, self.size = [], ResponseCache(), status, size

    async def __call__(self, scope, receive, send):
        self.headers.append(dict(Headers(scope=scope)))
        await PlainTextResponse("x" * self.size, self.status)(scope, receive, send)

    def ask(self, path="/", **headers):
        sent = []

        async def send(message):
            sent.append(message)
            message.setdefault("headers", []).append((b"of", b"one"))  # whoever sends it may change it

        raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {"type": "http", "path": path, "method": "GET", "query_string": b"a=b", "headers": raw}
        run(lambda: self.cache.answer(self, scope, send))
        assert [message["more_body"] for message in sent[1:]] == [True] * (len(sent) - 2) + [False]
        assert all(len(message["body"]) <= 65_536 for message in sent[1:])
        return sent[0]["status"], Headers(raw=sent[0]["headers"]), b"".join(message["body"] for message in sent[1:])


def test_nothing_of_a_visitor_reaches_the_page_and_no_answer_that_is_sent_changes_what_is_kept():
    app = Asked()
    mine = app.ask(host="lab", cookie="a", x_gradio_server="http://evil", accept_encoding="gzip", accept_language="de")
    assert app.headers == [{"host": "lab"}]
    assert app.ask(host="lab", accept_encoding="gzip") == mine and gzip.decompress(mine[2]) == b"x" * 200_000
    assert app.ask(host="lab")[2] == b"x" * 200_000
    assert app.ask(host="lab", x_forwarded_proto="https, http")[0] == 200
    assert app.headers[1:] == [{"host": "lab"}, {"host": "lab", "x-forwarded-proto": "https"}]


def test_few_pages_are_kept_and_no_failure():
    app = Asked()
    for host in ("a", "a", *map(str, range(8)), "7", "a"):
        app.ask(host=host)
    assert [headers["host"] for headers in app.headers] == ["a", *map(str, range(8)), "a"]
    ill = Asked(503, size=0)
    assert [ill.ask(path)[0] for path in ("/", "/", "/assets/a.js", "/assets/a.js")] == [503] * 4
    assert len(ill.headers) == 4


def test_who_goes_in_the_middle_of_a_request_leaves_no_part_of_a_file_for_the_others(page):
    files = sorted(ASSETS.glob("*.*"), key=lambda file: file.stat().st_size)[-40:-10]
    for file in files:
        for _ in range(2):
            with socket.create_connection((page.client.base_url.host, page.client.base_url.port)) as one:
                one.sendall(f"GET /assets/{file.name} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    for file in files:
        answer, sent = body(page, f"/assets/{file.name}", WHOLE)
        assert answer.status_code == 200 and sent == file.read_bytes(), file.name


def test_a_response_without_its_end_is_sent_to_nobody_and_not_kept():
    app = Asked()

    async def ends_early(scope, receive, send):
        app.headers.append(await receive())
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    for _ in range(2):
        scope = {"type": "http", "path": "/assets/a.js", "method": "GET", "headers": []}
        with pytest.raises(RuntimeError, match="a whole response was expected"):
            run(lambda scope=scope: app.cache.answer(ends_early, scope, None))
    assert len(app.headers) == 2


def test_a_name_that_is_too_long_for_a_file_is_no_page(page):
    for path in (
        "/assets/" + "a" * 256,
        "/static/" + "é" * 200,
        "/assets/" + "a/" * 500,
        "/gradio_api/file=" + "a" * 256,
    ):
        assert page.client.get(path).status_code == 404


def test_a_file_that_many_ask_for_at_once_is_made_once():
    app = Asked()

    async def send(_message):
        pass

    async def everybody():
        scope = {"type": "http", "path": "/assets/a.js", "method": "GET", "headers": [(b"accept-encoding", b"gzip")]}
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(app.cache.answer, app, scope, send)

    run(everybody)
    assert len(app.headers) == 1
