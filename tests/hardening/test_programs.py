"""What programs call by name: every public endpoint, by Gradio's clients and by plain requests."""

import json

import pytest
from gradio_client import Client

from demo.serving import visitor
from demo.serving.visitor import COOKIE
from tests.demo.fakes import FakeModel, settings
from tests.hardening.served import cookie, served

NAMES = ("analyze", "embed", "classify", "tag")
ME, OTHER = visitor.new_token(), visitor.new_token()
TEXTS = ["Anna met Tom.", "Paris"]


@pytest.fixture(scope="module")
def page():
    with served(settings(training="capped", share=True), share=True) as one:
        yield one


def _called(page, name, data, *, owner=""):
    """The last event of an answer by plain requests, and its data."""
    begun = page.post(f"/gradio_api/call/{name}", {"data": data}, owner=owner)
    assert begun.status_code == 200, begun.text
    heard = page.client.get(f"/gradio_api/call/{name}/{begun.json()['event_id']}", headers=cookie(owner))
    *_, last = [part for part in heard.text.split("\n\n") if part and "heartbeat" not in part]
    event, _, content = last.partition("\n")
    return event.removeprefix("event: "), json.loads(content.removeprefix("data: "))


def _expected(name, text):
    (one,) = FakeModel().analyze([text])
    parts = {
        "embedding": one.embedding.tolist(),
        "classes": one.classes,
        "labels": {},
        "entities": one.entities,
        "outside": one.outside_values,
        "tokens": one.tokens,
        "windows": 1,
        "cut_at": None,
    }
    if name == "embed":
        return parts["embedding"]
    keys = {"classify": ("classes", "labels", "outside"), "tag": ("entities", "outside")}.get(name, tuple(parts))
    return {"text": text, **{key: parts[key] for key in keys}}


def test_these_and_no_others_are_public(page):
    info = page.client.get("/gradio_api/info").json()
    assert set(info["named_endpoints"]) == {f"/{name}" for name in NAMES} and not info["unnamed_endpoints"]
    for name in NAMES:
        assert [one["parameter_name"] for one in info["named_endpoints"][f"/{name}"]["parameters"]] == ["text", "model"]
    for fn in page.blocks.fns.values():
        if fn.api_visibility != "public" and fn.api_name:
            assert page.post(f"/gradio_api/call/{fn.api_name}", {"data": []}).status_code == 404


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("given", [TEXTS, TEXTS[0]], ids=["list", "string"])
def test_plain_requests_get_plain_json(page, name, given):
    for owner in (ME, ""):
        event, (results,) = _called(page, name, [given, "starter"], owner=owner)
        assert event == "complete"
        assert results == [_expected(name, text) for text in (TEXTS if given is TEXTS else TEXTS[:1])]


@pytest.mark.parametrize("name", NAMES)
def test_the_client_of_gradio_gets_the_same(page, name):
    client = Client(str(page.client.base_url), verbose=False, analytics_enabled=False)
    assert client.predict(text=TEXTS, api_name=f"/{name}") == [_expected(name, text) for text in TEXTS]


@pytest.mark.parametrize(
    "data,sentence",
    [
        (["a " * 60_000, ""], "At most 100,000 characters"),
        ([["a"] * 201, ""], "At most 200 sentences"),
        (["a " * 30_000, ""], "At most 20,000 tokens"),
        (["", ""], "none of them blank"),
        ([[], ""], "none of them blank"),
        ([["a", 1], ""], "none of them blank"),
        (["a", "run:x"], "A model of starter, backbone was expected."),
        (["a", None], "A model of starter, backbone was expected."),
        (["a", ["starter"]], "A model of starter, backbone was expected."),
    ],
)
def test_the_limits_of_the_page_hold(page, data, sentence):
    for name in NAMES:
        event, content = _called(page, name, data)
        assert event == "error" and sentence in content["error"]


@pytest.mark.parametrize("body", [{}, {"data": "x"}, {"data": ["a"]}, {"data": ["a", "", ""]}, {"data": None}])
def test_a_wrong_call_is_refused_in_one_sentence(page, body):
    answer = page.post("/gradio_api/call/analyze", body)
    assert answer.status_code == 422 and "2 values" in answer.json()["error"]


def test_an_answer_is_read_by_who_asked_for_it_only(page):
    event = page.post("/gradio_api/call/analyze", {"data": ["a", ""]}, owner=ME).json()["event_id"]
    address = f"/gradio_api/call/analyze/{event}"
    for owner in (OTHER, ""):
        answer = page.client.get(address, headers=cookie(owner))
        assert answer.status_code == 403 and answer.json()["error"]
    page.client.cookies.delete(COOKIE)
    assert "event: complete" in page.client.get(address, headers=cookie(ME)).text
    assert page.client.get(address, headers=cookie(ME)).status_code == 404


@pytest.mark.parametrize("path", ["call/analyze", "call/analyze/", "call/x/1", "call/analyze/../x", "call/analyze/1/2"])
def test_there_is_no_answer_to_what_nobody_asked(page, path):
    assert page.client.get(f"/gradio_api/{path}").status_code == 404
