"""The door, asked by raw requests."""

import io

import pytest

from demo.serving import visitor
from tests.demo.fakes import settings
from tests.hardening.served import cookie, served

ME, OTHER = visitor.new_token(), visitor.new_token()


@pytest.fixture(scope="module")
def page():
    with served() as one:
        yield one


class _Event:
    """A request that still waits, of an owner."""

    def __init__(self, owner):
        state = {"visitor": visitor.Visitor(owner, "127.0.0.1")}
        self.request = type("Request", (), {"scope": {"state": state}})
        self.concurrency_id = "engine"
        self.queue = []


def _sentence(answer):
    found = answer.json()
    assert found["error"] == found["detail"] and found["error"].endswith("."), found
    return found["error"]


def test_the_first_answer_sets_a_cookie_and_later_ones_do_not(page):
    first = page.client.get("/")
    assert first.status_code == 200 and f"{visitor.COOKIE}=" in first.headers["set-cookie"]
    page.client.cookies.clear()
    again = page.client.get("/", headers=cookie(ME))
    assert again.text == first.text and "set-cookie" not in again.headers
    assert first.headers["set-cookie"] != page.client.get("/").headers["set-cookie"]
    page.client.cookies.clear()


@pytest.mark.parametrize(
    "path",
    [
        "/gradio_api/deep_link?session_hash=x",
        "/gradio_api/proxy=https://example.hf.space/",
        "/monitoring",
        "/monitoring/summary",
        "/gradio_api/vibe-code",
        "/gradio_api/runs",
        "/gradio_api/dev/reload",
        "/gradio_api/token",
        "/gradio_api/stream/a/b/1/playlist.m3u8",
        "/gradio_api/openapi.json",
        "/gradio_api/custom_component/a/client/component/index.js",
        "/gradio_api",
        "/gradio_api/",
        "/gradio_api//run/predict",
        "/docs",
        "/pwa_icon/20000",
        "/gradio_api/call/x/1",
        "/.env",
    ],
)
def test_routes_that_the_page_does_not_need_do_not_exist(page, path):
    answer = page.client.get(path)
    assert answer.status_code == 404
    _sentence(answer)


@pytest.mark.parametrize(
    "path", ["/gradio_api/component_server", "/gradio_api/process_recording", "/gradio_api/vibe-edit"]
)
def test_nor_can_they_be_posted_to(page, path):
    assert page.post(path, {}).status_code == 404


@pytest.mark.parametrize("path", ["/", "/config", "/gradio_api/info", "/healthz", "/assets/index.js"])
def test_other_names_of_the_server_are_refused_everywhere(page, path):
    answer = page.client.get(path, headers={"host": "evil.example"})
    assert answer.status_code == 421
    _sentence(answer)


@pytest.mark.parametrize("headers", [{"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}])
def test_other_sites_may_open_the_page_and_nothing_else(page, headers):
    assert page.client.get("/", headers=headers).status_code == 200
    for answer in (
        page.post("/gradio_api/run/predict", {"data": []}, headers=headers),
        page.post("/gradio_api/queue/join", {"data": []}, headers=headers),
        page.post("/login", {}, headers=headers),
        page.client.get("/gradio_api/queue/data?session_hash=x", headers=headers),
    ):
        assert answer.status_code == 403
        _sentence(answer)


def test_what_is_too_large_is_refused_before_it_is_read(page):
    answer = page.post("/gradio_api/run/predict", b"[" * 20_000_000)
    assert answer.status_code == 413
    assert "1 MB" in _sentence(answer) or "16 MB" in _sentence(answer)
    large = io.BytesIO(b"x" * 3_000_000)
    answer = page.client.post("/gradio_api/upload", files={"files": ("a.txt", large)})
    assert answer.status_code == 413 and "2 MB" in _sentence(answer)


def test_many_files_in_one_upload_count_together(page):
    files = [("files", (f"{number}.txt", b"x" * 1_000_000)) for number in range(4)]
    assert page.client.post("/gradio_api/upload", files=files).status_code == 413


def test_a_form_has_few_files_and_every_one_of_them_counts():
    with served(settings(training="capped", share=True)) as page:

        def upload(count):
            files = [("files", (f"{number}.txt", b"x")) for number in range(count)]
            return page.client.post("/gradio_api/upload", files=files, headers=cookie(ME))

        answer = upload(21)
        assert answer.status_code == 413 and "20 files" in _sentence(answer)
        statuses = [upload(20).status_code for _ in range(20)]
        assert statuses == [200] * 14 + [429] * 6  # of 20 MB, each file and each end counts 65,536 bytes


def test_an_upload_that_is_no_form_is_refused(page):
    answer = page.client.post("/gradio_api/upload", content=b"x", headers={"content-type": "text/plain"})
    assert answer.status_code == 400 and "form" in _sentence(answer)


def test_uploads_of_a_visitor_are_bounded_in_a_period():
    with served(settings(training="capped", share=True)) as page:
        statuses = [
            page.client.post("/gradio_api/upload", files={"files": ("a.txt", b"x" * 1_900_000)}, headers=cookie(ME))
            for _ in range(12)
        ]
        assert [answer.status_code for answer in statuses] == [200] * 10 + [429] * 2
        _sentence(statuses[-1])
        other = page.client.post("/gradio_api/upload", files={"files": ("a.txt", b"x")}, headers=cookie(OTHER))
        assert other.status_code == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"[" * 100_000, b'{"a":' * 50_000, b"\xff\xfe", b"1e999"])
def test_a_body_that_is_no_object_is_refused_in_one_sentence(page, body):
    for path in ("/gradio_api/run/predict", "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"):
        answer = page.post(path, body)
        assert answer.status_code == 400
        _sentence(answer)


def test_a_file_that_is_an_address_is_not_fetched(page):
    file = {"path": "http://127.0.0.1:9/x", "meta": {"_type": "gradio.FileData"}}
    answer = page.post("/gradio_api/run/predict", {"data": [{"deep": [file]}], "fn_index": 0})
    assert answer.status_code == 400
    assert "address" in _sentence(answer)


def test_a_session_answers_its_visitor_only(page):
    body = {"data": [], "fn_index": 0, "session_hash": "mine"}
    assert page.post("/gradio_api/run/predict", body, owner=ME).status_code != 403
    for owner in (OTHER, ""):
        for path in ("/gradio_api/run/predict", "/gradio_api/queue/join", "/gradio_api/cancel", "/gradio_api/reset"):
            answer = page.post(path, {**body, "event_id": "x"}, owner=owner)
            assert answer.status_code == 403
            _sentence(answer)
        for path in ("/gradio_api/queue/data?session_hash=mine", "/gradio_api/heartbeat/mine"):
            assert page.client.get(path, headers=cookie(owner)).status_code == 403


def test_a_session_cannot_be_read_under_another_spelling(page):
    queued = next(fn for fn in page.blocks.fns.values() if fn.queue and fn.fn)
    body = {"data": [None] * len(queued.inputs), "fn_index": queued._id, "session_hash": "spelled"}
    assert page.post("/gradio_api/queue/join", body, owner=ME).status_code == 200
    for query in ("session_hash=spelled", "session_hash=%73pelled", "session%5Fhash=spelled"):
        assert page.client.get(f"/gradio_api/queue/data?{query}", headers=cookie(OTHER)).status_code == 403
    for query in ("session_hash=spelled&session_hash=x", "session_hash=x&session_hash=spelled"):
        assert page.client.get(f"/gradio_api/queue/data?{query}", headers=cookie(ME)).status_code == 403


def test_reading_takes_no_session_and_long_names_are_none(page):
    before = len(page.sessions._owners)
    for number in range(20):
        assert page.client.get(f"/gradio_api/queue/data?session_hash=n{number}").status_code == 404
    assert (
        page.post("/gradio_api/cancel", {"session_hash": "s" * 1000, "fn_index": 1, "event_id": "x"}).status_code == 403
    )
    assert len(page.sessions._owners) == before


def test_a_handler_that_does_not_exist_is_one_sentence(page):
    for path in ("/gradio_api/run/predict", "/gradio_api/queue/join"):
        for index in (None, -1, 10**9, "x", 1.5, [], {}):
            answer = page.post(path, {"data": [], "fn_index": index, "session_hash": "h"})
            assert answer.status_code == 404
            _sentence(answer)


def test_an_event_of_another_visitor_cannot_be_cancelled(page):
    queued = next(fn for fn in page.blocks.fns.values() if fn.queue and fn.fn)
    body = {"data": [None] * len(queued.inputs), "fn_index": queued._id, "session_hash": "cancelled"}
    event = page.post("/gradio_api/queue/join", body, owner=ME).json()["event_id"]
    page.blocks._queue.event_ids_to_events.setdefault(event, _Event(ME))  # it may have ended already
    for owner, status in ((OTHER, 403), (ME, 200)):
        own = {"session_hash": f"of-{owner[:8]}", "fn_index": queued._id, "event_id": event}
        assert page.post("/gradio_api/cancel", own, owner=owner).status_code == status


def test_a_second_line_of_a_proxy_counts_and_one_of_the_visitor_does_not():
    with served(settings(training="capped", public=True), public=True, auth=[("ada", "secret")]) as page:
        statuses = []
        for number in range(5):
            lines = [("x-forwarded-for", f"8.8.{number}.4"), ("x-forwarded-for", "9.9.9.11")]
            answer = page.client.post("/login", data={"username": "ada", "password": "x"}, headers=lines)
            statuses.append(answer.status_code)
        assert statuses == [400, 400, 400, 429, 429]


def test_a_forwarded_host_of_others_is_refused(page):
    assert page.client.get("/", headers={"x-forwarded-host": "evil.example"}).status_code == 421


def test_a_request_without_a_session_leaves_no_shared_one(page):
    names = set(page.sessions.session_data)
    for _ in range(2):
        page.post("/gradio_api/run/predict", {"data": [], "fn_index": 0})
    fresh = set(page.sessions.session_data) - names
    assert len(fresh) == 2 and all(len(name) == 32 for name in fresh)


def test_handlers_with_a_queue_cannot_be_called_around_it(page):
    queued = next(fn for fn in page.blocks.fns.values() if fn.queue and fn.fn)
    answer = page.post("/gradio_api/run/predict", {"data": [], "fn_index": queued._id})
    assert answer.status_code == 404


def test_health_says_counts_and_nothing_of_visitors(page):
    found = page.client.get("/healthz").json()
    assert found["status"] == "ok"
    assert set(found) == {"status", "seconds", "memory_mb", "sessions", "runs"}


class TestSignIn:
    @pytest.fixture(scope="class")
    def locked(self):
        with served(auth=[("ada", "secret")]) as one:
            yield one

    def test_every_route_is_behind_it(self, locked):
        for path in (
            "/config",
            "/gradio_api/info",
            "/gradio_api/queue/status",
            "/gradio_api/file=x",
            "/gradio_api/app_id",
        ):
            assert locked.client.get(path).status_code == 401, path
        for path in ("run/predict", "queue/join", "cancel", "reset", "upload"):
            assert locked.post(f"/gradio_api/{path}", {"data": []}).status_code == 401, path
        first = locked.client.get("/")
        assert first.status_code == 200 and "auth_required" in first.text and "ph-sentence" not in first.text

    def test_wrong_passwords_are_slowed_and_a_pause_holds_even_for_the_right_one(self, locked):
        tried = [locked.client.post("/login", data={"username": "ada", "password": str(n)}) for n in range(5)]
        assert [answer.status_code for answer in tried] == [400, 400, 400, 429, 429]
        assert int(tried[-1].headers["retry-after"]) >= 1
        assert locked.client.post("/login", data={"username": "ada", "password": "secret"}).status_code == 429

    def test_the_right_one_opens_the_page(self):
        with served(auth=[("ada", "secret")]) as locked:
            assert locked.client.post("/login", data={"username": "ada", "password": "secret"}).status_code == 200
            assert locked.client.get("/config").status_code == 200
            assert "ph-sentence" in locked.client.get("/").text
