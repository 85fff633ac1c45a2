"""Every endpoint, found in the OpenAPI page, with every kind of wrong request: one sentence and the right status."""

import json
import logging

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mtl.inference.engines import engine_of

POSTED = ("/analyze", "/embed", "/classify", "/tag", "/v1/embeddings")
VALUES = [
    None,
    True,
    1.5,
    {},
    [],
    [None],
    [[]],
    ["a", 1],
    ["a", ["b"]],
    [1, 2],
    [[1, 2]],
    {"a": "b"},
    "\ud800",
    ["a", "\udfff"],
]
BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"a"',
    b"\xff\xfe",
    b"[" * 100_000,
    b'{"text":' * 50_000,
    b"{}",
    b'{"text": "a", "input": 1, "other": 1}',
]
_JSON = {"content-type": "application/json"}


def _sentence(answer, *statuses):
    assert answer.status_code in statuses, (answer.status_code, answer.text)
    content = answer.json()
    assert set(content) == {"error", "detail"} and set(content["error"]) == {"message", "type", "param", "code"}
    assert content["detail"] == content["error"]["message"] and "\n" not in content["detail"]
    assert not any(word in answer.text for word in ("Traceback", "site-packages", "mtl/", "not expected"))
    return content["detail"]


def _key(path):
    return "input" if path.startswith("/v1") else "text"


def test_every_endpoint_that_takes_a_body_is_tested(client):
    page = client.get("/openapi.json").json()["paths"]
    assert {path for path, methods in page.items() if "post" in methods} == set(POSTED)


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_a_wrong_text_is_named_in_one_sentence(client, path, value):
    answer = client.post(path, content=json.dumps({_key(path): value}), headers=_JSON)
    assert _sentence(answer, 422).startswith(f"{_key(path)}: ")
    assert answer.json()["error"]["param"] == _key(path)


@pytest.mark.parametrize("path", POSTED)
@pytest.mark.parametrize("body", BODIES, ids=lambda body: repr(body[:20]))
def test_a_wrong_body_is_refused_in_one_sentence(client, path, body):
    _sentence(client.post(path, content=body, headers=_JSON), 422)


@pytest.mark.parametrize("path", POSTED)
def test_json_without_its_content_type_is_refused_in_one_sentence(client, path):
    body = json.dumps({_key(path): "a"}).encode()
    kinds = ({}, {"content-type": "application/x-www-form-urlencoded"}, {"content-type": "text/plain"})
    for headers in kinds:
        assert "application/json" in _sentence(client.post(path, content=body, headers=headers), 422)


@pytest.mark.parametrize(
    "key,value",
    [
        ("dimensions", 0),
        ("dimensions", 17),
        ("dimensions", True),
        ("dimensions", 1e999),
        ("dimensions", "3"),
        ("encoding_format", "int8"),
        ("encoding_format", None),
        ("model", 1),
    ],
)
def test_a_wrong_option_of_openai_is_named(client, key, value):
    content = json.dumps({"input": "a", key: value})
    assert _sentence(client.post("/v1/embeddings", content=content, headers=_JSON), 422).startswith(f"{key}: ")


@pytest.mark.parametrize("ids", [[1, 2], [[1, 2], [3]]])
def test_token_ids_are_refused_with_the_reason(client, ids):
    assert "token ids" in _sentence(client.post("/v1/embeddings", json={"input": ids}), 422)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
@pytest.mark.parametrize("path", [*POSTED, *(f"{path}/" for path in POSTED), "/elsewhere", "/v1", "/v1/embeddings/x"])
def test_another_address_or_method_is_refused_in_one_sentence(client, method, path):
    _sentence(client.request(method, path, follow_redirects=False), 404, 405)


def test_an_address_with_a_slash_leads_nowhere_else(client):
    answer = client.post("/analyze/", json={"text": "a"}, headers={"host": "elsewhere"}, follow_redirects=False)
    _sentence(answer, 404)
    assert client.head("/healthz").status_code == 200


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_KEYS = st.sampled_from(["text", "input", "normalize", "model", "dimensions", "encoding_format", "user", "é\n"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(path=st.sampled_from(POSTED), body=st.dictionaries(_KEYS, _VALUES, max_size=4) | _VALUES)
def test_whatever_is_sent_there_is_an_answer_or_a_sentence(client, path, body):
    answer = client.post(path, content=json.dumps(body), headers=_JSON)
    if answer.status_code != 200:
        _sentence(answer, 404, 413, 422)


LIMITS = [
    ({"texts": 2}, {"text": ["a"] * 3}, "At most 2 texts"),
    ({"characters": 10}, {"text": ["a" * 6, "b" * 5]}, "At most 10 characters"),
    ({"tokens": 10}, {"text": "the film was very good and very bad too"}, "At most 10 tokens"),
    ({"tokens": 10}, {"text": ["film"] * 4}, "At most 10 tokens"),
    ({"body_mb": 0.0001}, {"text": "a" * 200}, "at most 0.0001 MB"),
]


@pytest.mark.parametrize("limits,body,sentence", LIMITS)
def test_what_is_too_much_is_refused_with_the_limit(serving, limits, body, sentence):
    with serving(**limits) as client:
        for path in POSTED[:-1]:
            assert sentence in _sentence(client.post(path, json=body), 413)
        assert sentence in _sentence(client.post("/v1/embeddings", json={"input": body["text"]}), 413)
        assert client.post("/embed", json={"text": "a"}).status_code == 200


def test_a_model_without_heads_says_so(serving, minilm):
    with serving(model=minilm) as client:
        assert "classification" in _sentence(client.post("/classify", json={"text": "a"}), 422)
        assert "tagging" in _sentence(client.post("/tag", json={"text": "a"}), 422)
        result = client.post("/analyze", json={"text": "a"}).json()["results"][0]
        assert result["classes"] == result["entities"] == {} and len(result["embedding"]) == 384


def test_an_error_that_nobody_expected_is_logged_under_a_number_and_tells_nothing(serving, tiny_bert, caplog):
    engine = engine_of(tiny_bert)
    engine.analyze = lambda *_, **__: int("only for me")
    caplog.set_level(logging.INFO, "polyhead.serve")
    with serving(model=engine) as client:
        answer = client.post("/analyze", json={"text": "only for me"})
    assert answer.status_code == 500 and "only for me" not in answer.text
    (error,) = (record for record in caplog.records if record.levelname == "ERROR")
    assert error.args[0] in answer.json()["detail"] and error.exc_info[0] is ValueError
    (line,) = (record for record in caplog.records if record.levelname == "INFO" and record.name == "polyhead.serve")
    assert line.getMessage() == "POST /analyze" and line.fields["status"] == 500
