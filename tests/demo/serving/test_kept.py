"""The page and its files over the network: packed once, the same for all, and asked for once where that is right."""

import gzip
import re

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from demo.serving import kept
from tests.coroutines import run
from tests.hardening.served import served

AWAY = {"host": "lab.example"}
PACKED = {"accept-encoding": "gzip, br"}
WHOLE = {"accept-encoding": "identity"}


@pytest.fixture(scope="module")
def page():
    with served(allow_host=["lab.example"]) as one:
        yield one


def body(page, path, headers):
    """What was sent, before it is unpacked."""
    with page.client.stream("GET", path, headers=headers) as answer:
        return answer, b"".join(answer.iter_raw())


@pytest.fixture(scope="module")
def asset(page):
    return "/" + re.search(r"assets/index-[\w-]+\.js", page.client.get("/").text)[0]


@pytest.mark.parametrize("address", [{}, AWAY], ids=["here", "away"])
@pytest.mark.parametrize("path", ["/", "asset"])
def test_everybody_gets_the_same_packed_or_whole(page, asset, path, address):
    path = asset if path == "asset" else path
    for _ in range(2):  # rendered, and kept
        packed, sent = body(page, path, address | PACKED)
        assert packed.headers["content-encoding"] == "gzip" and len(sent) == int(packed.headers["content-length"])
        plain, whole = body(page, path, address | WHOLE)
        assert "content-encoding" not in plain.headers and len(whole) == int(plain.headers["content-length"])
        assert gzip.decompress(sent) == whole and len(sent) < len(whole) / 2
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert packed.headers["content-type"] == plain.headers["content-type"]
        assert "default-src" in packed.headers["content-security-policy"]


@pytest.mark.parametrize("accepted", [PACKED, WHOLE], ids=["packed", "whole"])
def test_what_is_named_by_its_content_is_asked_for_once(page, asset, accepted):
    for path in (asset, asset + "?v=1"):
        assert "immutable" in body(page, path, accepted)[0].headers["cache-control"]
    for path in ("/", "/theme.css", "/assets/index-00000000.js", "/assets/../app.py", "/config"):
        assert "immutable" not in body(page, path, accepted)[0].headers.get("cache-control", ""), path


def test_a_part_of_a_file_and_its_head_come_from_gradio(page, asset):
    part, sent = body(page, asset, WHOLE | {"range": "bytes=0-9"})
    assert part.status_code == 206 and sent == body(page, asset, WHOLE)[1][:10]
    assert page.client.head(asset, headers=WHOLE).content == b""


def test_a_page_with_a_login_is_kept_for_nobody():
    scope = {"path": "/", "method": "GET", "headers": []}
    assert kept.Kept.may_have(scope, has_login=False)
    assert not kept.Kept.may_have(scope, has_login=True)
    assert kept.Kept.may_have({**scope, "path": "/assets/a.js"}, has_login=True)
    assert not kept.Kept.may_have({**scope, "path": "/gradio_api/info"}, has_login=False)


def test_only_answers_that_are_well_are_kept_and_not_more_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(kept, "_MOST_BYTES", 2_500)
    asked, pages = [], kept.Kept()

    async def app(scope, receive, send):
        request = Request(scope)
        asked.append(request.headers["host"])
        status = 503 if request.headers["host"] == "ill" else 200
        await PlainTextResponse("x" * 1000, status)(scope, receive, send)

    async def ask(*hosts):
        for host in hosts:
            sent = []

            async def send(message, sent=sent):
                sent.append(message)

            scope = {"type": "http", "path": "/", "method": "GET", "query_string": b"a", "headers": [(b"host", host)]}
            await pages.answer(app, scope, None, send)
            assert sent[-1]["body"] == b"x" * 1000

    run(lambda: ask(b"a", b"a", b"ill", b"ill", b"b", b"a", b"c", b"a", b"b"))
    assert asked == ["a", "ill", "ill", "b", "c", "b"]
