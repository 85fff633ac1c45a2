"""Keys that clients show."""

import pytest

from mtl.errors import InputError
from mtl.serving.keys import VARIABLE, Keys, read_keys

POSTED = ("/analyze", "/v1/embeddings", "/v1/models", "/metrics", "/elsewhere")


def _show(key, scheme="Bearer"):
    return {"authorization": f"{scheme} {key}"}


@pytest.mark.parametrize(
    "headers", [{}, _show(""), _show("wrong"), _show("one", "Basic"), _show("ön".encode())], ids=str
)
def test_without_a_key_nothing_but_health_and_the_page_answers(serving, headers):
    with serving("one", "two") as client:
        for path in POSTED:
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401 and answer.headers["www-authenticate"] == "Bearer"
            assert "Authorization" in answer.json()["detail"]
        for path in ("/healthz", "/docs", "/openapi.json"):
            assert client.get(path, headers=headers).status_code == 200


def test_every_key_answers(serving):
    with serving("one", "two") as client:
        for key in ("one", "two"):
            assert client.post("/embed", json={"text": "a"}, headers=_show(key)).status_code == 200
        assert "HTTPBearer" in client.get("/openapi.json").text


def test_no_key_is_asked_for_where_there_is_none():
    assert Keys(()).admit(None) and not Keys(("a",)).admit("Bearer")


def test_keys_come_from_a_file_and_the_environment(tmp_path):
    file = tmp_path / "keys"
    file.write_text("one\n\n  two \n", encoding="utf-8")
    assert read_keys(file, {VARIABLE: "three"}) == ("three", "one", "two")
    assert read_keys(None, {}) == ()


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff", "schlüssel".encode(), None], ids=repr)
def test_a_file_without_a_key_is_refused_without_being_quoted(tmp_path, content):
    file = tmp_path / "keys"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError) as refused:
        read_keys(file, {})
    assert "schl" not in str(refused.value)
