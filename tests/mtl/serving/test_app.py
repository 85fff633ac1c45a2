"""Every endpoint gives what the engine gives, in the form that the OpenAPI page describes."""

import base64

import numpy as np
import pytest

from mtl.serving import answers
from tests.mtl.inference.engines import TEXTS

ANSWERS = {
    "/analyze": answers.AnalyzeAnswer,
    "/embed": answers.EmbedAnswer,
    "/classify": answers.ClassifyAnswer,
    "/tag": answers.TagAnswer,
    "/v1/embeddings": answers.OpenAIAnswer,
}
SENTENCES = list(TEXTS.values())


def _ask(client, path, texts, **more):
    key = "input" if path.startswith("/v1") else "text"
    answer = client.post(path, json={key: texts, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def _tokens(engine):
    return sum(one.tokens for one in engine.analyze(SENTENCES))


def _unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("texts", [SENTENCES, SENTENCES[:1], SENTENCES[0]], ids=["many", "list of one", "string"])
def test_an_answer_is_as_the_page_describes_it_with_one_result_for_each_text(client, path, texts):
    content = _ask(client, path, texts)
    ANSWERS[path].model_validate(content, strict=True)
    (results,) = (value for value in content.values() if isinstance(value, list))
    assert len(results) == (1 if isinstance(texts, str) else len(texts))
    schema = client.get("/openapi.json").json()["paths"][path]["post"]["responses"]["200"]
    assert schema["content"]["application/json"]["schema"]["$ref"].endswith(ANSWERS[path].__name__)


def test_analyze_gives_everything_that_the_engine_gives(client, engine):
    content = _ask(client, "/analyze", SENTENCES)
    expected = engine.analyze(SENTENCES)
    assert content["model"] == "tiny" and content["tokens"] == _tokens(engine)
    for found, wanted in zip(content["results"], expected, strict=True):
        np.testing.assert_allclose(found["embedding"], wanted.embedding, atol=1e-5)
        assert {task: list(labels) for task, labels in wanted.labels.items()} == found["labels"]
        for task, scores in wanted.classes.items():
            assert found["classes"][task] == pytest.approx(scores, abs=1e-5)
        for task, spans in wanted.entities.items():
            assert [{**span, "score": pytest.approx(span["score"], abs=1e-5)} for span in spans] == found["entities"][
                task
            ]
        assert (found["tokens"], found["windows"], found["cut_at"]) == (wanted.tokens, wanted.windows, wanted.cut_at)


def test_the_parts_are_those_of_the_whole(client, engine):
    expected = engine.analyze(SENTENCES)
    for found, wanted in zip(_ask(client, "/classify", SENTENCES)["results"], expected, strict=True):
        assert set(found) == {"classes", "labels", "outside"}
        for task, scores in wanted.classes.items():
            assert found["classes"][task] == pytest.approx(scores, abs=1e-5)
    for found, wanted in zip(_ask(client, "/tag", SENTENCES)["results"], expected, strict=True):
        assert set(found) == {"entities", "outside"}
        for task, spans in wanted.entities.items():
            assert [span["word"] for span in found["entities"][task]] == [span["word"] for span in spans]


def test_embeddings_get_length_1_where_that_is_asked_for(client, engine):
    plain = np.array(_ask(client, "/embed", SENTENCES)["embeddings"])
    np.testing.assert_allclose(plain, engine.encode(SENTENCES), atol=1e-5)
    np.testing.assert_allclose(_ask(client, "/embed", SENTENCES, normalize=True)["embeddings"], _unit(plain), atol=1e-5)


@pytest.mark.parametrize("dimensions", [None, 1, 5, 16])
@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_the_form_of_openai_has_usage_and_embeddings_of_length_1_as_numbers_or_base64(
    client, engine, dimensions, encoding
):
    more = {"model": "tiny", "encoding_format": encoding, "user": "somebody"}
    content = _ask(client, "/v1/embeddings", SENTENCES, dimensions=dimensions, **more)
    rows = [one["embedding"] for one in content["data"]]
    if encoding == "base64":  # as the client of OpenAI reads it
        rows = [np.frombuffer(base64.b64decode(row), dtype="<f4") for row in rows]
    wanted = _unit(engine.encode(SENTENCES)[:, :dimensions].astype(float))
    np.testing.assert_allclose(rows, wanted, atol=1e-5)
    assert [one["index"] for one in content["data"]] == list(range(len(SENTENCES)))
    assert content["usage"] == dict.fromkeys(("prompt_tokens", "total_tokens"), _tokens(engine))
    assert content["object"] == "list" and content["data"][0]["object"] == "embedding" and content["model"] == "tiny"


def test_the_models_are_listed_and_another_one_is_not_there(client):
    (listed,) = client.get("/v1/models").json()["data"]
    assert listed["id"] == "tiny" and client.get("/v1/models/tiny").json() == listed
    for answer in (
        client.get("/v1/models/owner/other"),
        client.post("/v1/embeddings", json={"input": "a", "model": "owner/other"}),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "model_not_found" and "'owner/other'" in answer.json()["detail"]


def test_health_says_which_model_answers(client):
    health = client.get("/healthz").json()
    answers.HealthAnswer.model_validate(health)
    assert health["status"] == "ok" and health["model"] == "tiny" and health["waiting"] == 0


def test_metrics_count_requests_texts_tokens_and_batches(serving, engine):
    with serving() as client:
        client.post("/analyze", json={"text": SENTENCES})
        client.post("/tag", json={"text": 1})
        client.get("/elsewhere")
        answer = client.get("/metrics")
    lines = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if not line.startswith("#"))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert lines['polyhead_requests_total{endpoint="/analyze",status="200"}'] == "1.0"
    assert lines['polyhead_requests_total{endpoint="/tag",status="422"}'] == "1.0"
    assert lines['polyhead_requests_total{endpoint="other",status="404"}'] == "1.0"
    assert lines['polyhead_request_seconds_count{endpoint="/analyze"}'] == "1.0"
    assert lines['polyhead_texts_total{endpoint="/analyze"}'] == str(float(len(SENTENCES)))
    assert lines['polyhead_tokens_total{endpoint="/analyze"}'] == str(float(_tokens(engine)))
    assert lines["polyhead_batch_texts_sum"] == str(float(len(SENTENCES)))
    assert lines["polyhead_waiting_requests"] == lines["polyhead_queue_length"] == "0.0"


def test_every_example_of_the_openapi_page_is_answered(client):
    page = client.get("/openapi.json").json()
    asked = 0
    for path, methods in page["paths"].items():
        body = methods.get("post", {}).get("requestBody")
        if body is None:
            continue
        reference = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
        for example in page["components"]["schemas"][reference]["examples"]:
            asked += 1
            answer = client.post(path, json={**example, **({"model": "tiny"} if "model" in example else {})})
            assert answer.status_code == 200, answer.text
    assert asked == len(ANSWERS)
    assert client.get("/docs").status_code == 200
