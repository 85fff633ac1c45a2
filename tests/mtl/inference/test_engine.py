"""The engine on tiny models of every architecture."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import mtl
from mtl.errors import CheckpointError, InputError
from mtl.inference import Engine
from mtl.inference import source as source_module
from tests.mtl.inference.engines import TEXTS, engine_of
from tests.tiny import ARCHITECTURES, HIDDEN, MAX_TOKENS

EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)


@EACH
def test_one_pass_gives_what_three_passes_give(engines: Callable[[str], Engine], architecture: str):
    one = engines(architecture)
    texts = list(TEXTS.values())
    found = one.analyze(texts)
    np.testing.assert_allclose(np.stack([a.embedding for a in found]), one.encode(texts), rtol=0, atol=1e-5)
    for analysis, classes in zip(found, one.classify(texts), strict=True):
        assert {task: pytest.approx(values, abs=1e-5) for task, values in classes.items()} == analysis.classes
    assert [a.entities for a in found] == one.tag(texts)


@EACH
def test_the_company_of_a_text_changes_nothing(engines: Callable[[str], Engine], architecture: str):
    one = engines(architecture)
    texts = list(TEXTS.values())
    for together, text in zip(one.analyze(texts), texts, strict=True):
        (alone,) = one.analyze([text])
        np.testing.assert_allclose(together.embedding, alone.embedding, rtol=0, atol=1e-5)
        for task, classes in alone.classes.items():
            assert together.classes[task] == pytest.approx(classes, abs=1e-5)
        spans = [[(e["start"], e["end"], e["entity_group"]) for e in a.entities["names"]] for a in (together, alone)]
        assert spans[0] == spans[1]


def test_without_entities_all_else_is_the_same(engine: Engine):
    texts = list(TEXTS.values())
    for whole, part in zip(engine.analyze(texts), engine.analyze(texts, entities=False), strict=True):
        assert part.entities == {}
        np.testing.assert_allclose(part.embedding, whole.embedding, atol=1e-5)
        assert (part.labels, part.tokens, part.windows) == (whole.labels, whole.tokens, whole.windows)


def test_classes_are_probabilities_of_every_label(engine: Engine):
    for found in engine.classify(list(TEXTS.values())):
        assert set(found) == {"topic", "mood", "tone"}
        assert set(found["topic"]) == {"a", "b", "c"}
        assert all(sum(found[name].values()) == pytest.approx(1, abs=1e-6) for name in ("topic", "mood"))


def test_a_label_is_chosen_where_it_is_the_most_probable_or_of_several_where_it_reaches_its_threshold(engine: Engine):
    thresholds = dict(zip(engine.tasks["tone"].labels, engine.tasks["tone"].thresholds, strict=True))
    sets = set()
    for found in engine.analyze(list(TEXTS.values())):
        for name in ("topic", "mood"):
            assert found.labels[name] == (max(found.classes[name], key=found.classes[name].__getitem__),)
        sets.add(found.labels["tone"])
        expected = [label for label, probability in found.classes["tone"].items() if probability >= thresholds[label]]
        assert list(found.labels["tone"]) == expected
    assert len(sets) > 1


@pytest.mark.parametrize("text", ["", " \t\n "])
def test_a_text_without_words_has_an_embedding_and_classes_and_no_entities(engine: Engine, text: str):
    (found,) = engine.analyze([text])
    assert np.isfinite(found.embedding).all()
    assert found.entities == {"names": []}
    assert set(found.classes) == {"topic", "mood", "tone"}
    assert found.cut_at is None


@EACH
def test_what_was_cut_changes_nothing(cutting: Callable[[str], Engine], architecture: str):
    one = cutting(architecture)
    text = TEXTS["long"]
    cut_at = one.analyze([text])[0].cut_at
    np.testing.assert_allclose(one.encode(text), one.encode(text[:cut_at].rstrip()), rtol=0, atol=1e-5)


def test_a_text_that_fits_was_not_cut(engine: Engine):
    (found,) = engine.analyze([TEXTS["plain"]])
    assert found.cut_at is None
    assert found.tokens < MAX_TOKENS


def test_embeddings_are_float32_with_a_row_for_each_sentence(engine: Engine):
    embeddings = engine.encode(["a", "b", "a b"])
    assert (embeddings.shape, embeddings.dtype) == ((3, HIDDEN), np.float32)
    assert engine.dimension == HIDDEN


def test_a_single_string_has_a_single_vector(engine: Engine):
    np.testing.assert_allclose(engine.encode("the doctor"), engine.encode(["the doctor"])[0], rtol=0, atol=1e-6)
    assert engine.encode("the doctor").shape == (HIDDEN,)


def test_no_sentences_give_no_rows(engine: Engine):
    assert engine.encode([]).shape == (0, HIDDEN)
    assert engine.classify([]) == engine.tag([]) == engine.analyze([]) == []


def test_normalised_embeddings_have_length_one_and_the_same_direction(engine: Engine):
    texts = list(TEXTS.values())
    plain, normalised = engine.encode(texts), engine.encode(texts, normalize_embeddings=True)
    np.testing.assert_allclose(np.linalg.norm(normalised, axis=1), 1, atol=1e-6)
    lengths = np.linalg.norm(plain, axis=1, keepdims=True)
    np.testing.assert_allclose(normalised, plain / lengths, rtol=0, atol=1e-6)


def test_more_sentences_than_a_batch_holds_keep_their_order(engine: Engine):
    texts = [f"{word} {i}" for i, word in enumerate(["doctor", "film", "the old hotel in rome"] * 300)]
    embeddings = engine.encode(texts)
    for i in (0, 1, 2, 450, 899):
        np.testing.assert_allclose(embeddings[i], engine.encode(texts[i]), rtol=0, atol=1e-5)


def test_eight_threads_that_share_a_fresh_engine_get_what_one_gets(engine: Engine, tiny_bert: Path):
    texts = [*TEXTS.values(), *(f"anna met tom {i}" for i in range(20))]
    parts = [texts[i % 7 :] + texts[: i % 7] for i in range(24)]
    expected = {text: found for text, found in zip(texts, engine.analyze(texts), strict=True)}
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(engine_of(tiny_bert).analyze, parts))
    for part, found in zip(parts, results, strict=True):
        for text, one in zip(part, found, strict=True):
            np.testing.assert_allclose(one.embedding, expected[text].embedding, rtol=0, atol=1e-5)
            assert one.entities["names"] == [
                entity | {"score": pytest.approx(entity["score"], abs=1e-5)}
                for entity in expected[text].entities["names"]
            ]


def test_threads_may_ask_for_different_things_at_once(engine: Engine):
    texts = list(TEXTS.values())
    expected = engine.encode(texts), engine.classify(texts), engine.tag(texts)
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(ask, texts) for ask in (engine.encode, engine.classify, engine.tag) * 6]
        found = [job.result() for job in jobs]
    for i in range(0, len(found), 3):
        np.testing.assert_allclose(found[i], expected[0], rtol=0, atol=1e-5)
        assert [set(f) for f in found[i + 1]] == [set(f) for f in expected[1]]
        spans = [[[(e["start"], e["end"]) for e in f["names"]] for f in fs] for fs in (found[i + 2], expected[2])]
        assert spans[0] == spans[1]


@pytest.mark.parametrize("method", ["classify", "tag", "analyze"])
def test_a_single_string_instead_of_a_list_is_refused(engine: Engine, method: str):
    with pytest.raises(InputError, match="a list of sentences was expected, was a single string"):
        getattr(engine, method)("one sentence")


@pytest.mark.parametrize("method", ["encode", "classify", "tag", "analyze"])
def test_a_sentence_that_is_no_string_is_refused(engine: Engine, method: str):
    with pytest.raises(InputError, match="sentence 1 is a string, was NoneType"):
        getattr(engine, method)(["a", None])


def test_a_checkpoint_folder_loads_with_its_tasks(trained: Path):
    loaded = mtl.Engine.load(trained / "best")
    assert list(loaded.tasks) == ["topic", "sentiment", "entities", "names", "similarity"]
    assert loaded.tasks["entities"].labels == ("LOC", "ORG", "PER")
    assert loaded.tasks["names"].labels == ("LOC", "PER")
    (found,) = loaded.analyze(["Anna met Tom."])
    assert (set(found.classes), set(found.entities)) == ({"topic", "sentiment"}, {"entities", "names"})


def test_a_bare_backbone_loads_as_an_engine_without_tasks(tiny_bert: Path):
    bare = Engine.load(tiny_bert)
    (found,) = bare.analyze(["Anna met Tom."])
    assert (dict(bare.tasks), found.classes, found.entities) == ({}, {}, {})
    assert (bare.backbone, bare.max_length) == (tiny_bert.name, MAX_TOKENS)


def test_data_are_read_as_the_training_read_them(trained: Path):
    loaded = Engine.load(trained / "last")
    assert loaded.task_config("names").map_labels == {"ORG": "O"}
    assert loaded.task_config("similarity").score_range == (0, 1)


def test_an_unknown_precision_is_refused(tiny_bert: Path):
    with pytest.raises(InputError, match="a precision of auto, fp32, bf16, mixed, int8 was expected, was 'int3'"):
        Engine.load(tiny_bert, precision="int3")


def test_a_missing_starter_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(source_module, "STARTER_FOLDER", tmp_path)
    with pytest.raises(CheckpointError, match=f"^{tmp_path}: the starter was expected, it is not there"):
        Engine.load("starter")
