"""An engine says how unlike its training texts a text is: every backend, every way in and out of a checkpoint."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
from fastapi.testclient import TestClient

import mtl
from mtl.checkpoint.store import Snapshot, load, save
from mtl.data import LabelledText
from mtl.errors import CheckpointError
from mtl.exports import export
from mtl.inference import Analysis, Engine, OutsideScore
from mtl.inference.bulk.files import BulkOutput, run_file
from mtl.inference.bulk.formats import OutputFormat, PredictionLines, PredictionTable
from mtl.inference.source import find_model
from mtl.outside import SUMMARIES_FILE, OutsideScorer, Summary
from mtl.serving.app import build_app
from mtl.serving.limits import ServeLimits
from mtl.serving.model import ServedModel
from tests.mtl.inference.engines import TEXTS
from tests.tiny import EXACT, HIDDEN

GIVEN = [*TEXTS.values(), "Anna met Tom in Paris.", "%$ 4711"]
TEXTED = {"topic", "sentiment", "entities", "names"}


@pytest.fixture(scope="module")
def checkpoint(trained: Path) -> Path:
    return trained / "best"


@pytest.fixture(scope="module")
def engine(checkpoint: Path) -> Engine:
    return Engine.load(checkpoint, **EXACT)


def distances(found: list[Analysis]) -> np.ndarray:
    """`(N, tasks)`."""
    return np.array([[score.distance for score in one.outside_scores.values()] for one in found])


def assert_alike(one: Engine, other: Engine, *, atol: float = 1e-6) -> None:
    found, expected = one.analyze(GIVEN), other.analyze(GIVEN)
    assert [list(a.outside) for a in found] == [list(a.outside) for a in expected]
    np.testing.assert_allclose(distances(found), distances(expected), rtol=0, atol=atol)


def test_tasks_that_label_texts_have_a_score_by_the_embedding_of_the_same_pass(engine: Engine, checkpoint: Path):
    found, summaries = engine.analyze(GIVEN), load(checkpoint).outside
    assert set(engine.knows_outside) == TEXTED == summaries.keys()
    for i, one in enumerate(found):
        for task, score in one.outside_scores.items():
            assert score.distance == pytest.approx(float(summaries[task].distances(one.embedding[None])[0]), abs=1e-6)
            assert score.is_outside is (score.distance > summaries[task].limit) is one.outside[task]
        assert engine.analyze([GIVEN[i]])[0].outside.keys() == one.outside.keys()
    assert engine.analyze([]) == []
    assert engine.analyze(GIVEN[:1], entities=False)[0].outside.keys() == TEXTED


@pytest.mark.parametrize("precision", ["fp32", "bf16", "int8"])
def test_every_backend_gives_the_same_distances(checkpoint: Path, engine: Engine, precision: str):
    backend = "torch" if precision == "bf16" else "openvino"
    other = Engine.load(checkpoint, backend=backend, precision=precision, long_texts="cut")
    assert_alike(other, engine, atol=1e-5 if precision == "fp32" else 0.02)
    again = Engine.load(checkpoint, backend=backend, precision=precision, long_texts="cut")  # from prepared files
    assert_alike(again, other, atol=1e-6)


def test_a_checkpoint_of_an_older_version_loads_without_scores(checkpoint: Path, engine: Engine, tmp_path: Path):
    old = Path(shutil.copytree(checkpoint, tmp_path / "old"))
    (old / SUMMARIES_FILE).unlink()
    one = Engine.load(old, **EXACT)
    assert one.knows_outside == () and all(a.outside == {} for a in one.analyze(GIVEN))
    np.testing.assert_array_equal(one.encode(GIVEN), engine.encode(GIVEN))
    assert find_model(str(old)).fingerprint() != find_model(str(checkpoint)).fingerprint()


def test_a_bare_backbone_has_no_scores(tiny_bert: Path):
    assert Engine.load(tiny_bert, **EXACT).analyze(GIVEN[:1])[0].outside == {}


def test_summaries_of_another_encoder_are_refused(checkpoint: Path, tmp_path: Path):
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    (copy / SUMMARIES_FILE).write_bytes(b"no tensors")
    for read in (lambda: Engine.load(copy, **EXACT), lambda: load(copy)):
        with pytest.raises(CheckpointError, match=SUMMARIES_FILE):
            read()


def test_they_stay_with_a_model_that_is_saved_again(checkpoint: Path, engine: Engine, tmp_path: Path):
    assert_alike(Engine.load(engine.save(tmp_path / "engine"), **EXACT), engine)
    save(load(checkpoint), tmp_path / "store", Snapshot(1, {}, {}))
    assert_alike(Engine.load(tmp_path / "store", **EXACT), engine)
    in_memory = Engine.of(load(checkpoint), name="m", long_texts="cut")
    assert_alike(in_memory, engine)


def test_they_go_along_with_an_export_that_is_loaded_whole(checkpoint: Path, engine: Engine, tmp_path: Path):
    export(checkpoint, tmp_path / "out", format="sentence-transformers")
    assert_alike(Engine.load(tmp_path / "out", **EXACT), engine, atol=1e-5)


def test_a_head_that_is_fitted_anew_is_not_known_by_the_texts_of_the_old_one(engine: Engine):
    fitted = mtl.fit_heads(engine, {"topic": [LabelledText("a b", "x"), LabelledText("c d", "y")]})
    assert set(fitted.knows_outside) == TEXTED - {"topic"}


@pytest.mark.parametrize("form", [PredictionLines(), PredictionTable()])
def test_files_have_the_scores(engine: Engine, tmp_path: Path, form: OutputFormat):
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text or None}) + "\n" for text in ["", *GIVEN]))
    out = tmp_path / f"out{form.suffix}"
    run_file(engine, tmp_path / "in.jsonl", BulkOutput(out, form), progress=lambda done: None)
    if form.suffix == ".jsonl":
        rows = [json.loads(line) for line in out.read_text().splitlines()]
    else:
        rows = pyarrow.parquet.read_table(out).to_pylist()
    expected = {one.text: one.outside_scores for one in engine.analyze([text for text in GIVEN if text.strip()])}
    assert any(row["text"] for row in rows)
    for row in rows:
        if row["text"] is None:
            assert row["outside"] is None
            continue
        for task, score in expected[row["text"]].items():
            found = row["outside"][task]
            assert found.keys() == {"distance", "is_outside"}
            assert found["distance"] == pytest.approx(score.distance, abs=1e-5)


def test_a_file_of_a_model_without_summaries_has_an_empty_field_and_no_column(tiny_bert: Path, tmp_path: Path):
    one = Engine.load(tiny_bert, **EXACT)
    (tmp_path / "in.txt").write_text("a film\n")
    for form in (PredictionLines(), PredictionTable()):
        out = BulkOutput(tmp_path / f"out{form.suffix}", form)
        run_file(one, tmp_path / "in.txt", out, progress=lambda done: None)
    assert json.loads((tmp_path / "out.jsonl").read_text())["outside"] == {}
    assert "outside" not in pyarrow.parquet.read_table(tmp_path / "out.parquet").column_names


@pytest.mark.parametrize(
    ("path", "tasks"), [("/analyze", TEXTED), ("/classify", {"topic", "sentiment"}), ("/tag", {"entities", "names"})]
)
def test_a_server_answers_with_the_scores(engine: Engine, path: str, tasks: set[str]):
    with TestClient(build_app(ServedModel(engine, "tiny", ServeLimits()))) as client:
        results = client.post(path, json={"text": GIVEN[:3]}).json()["results"]
    for found, wanted in zip(results, engine.analyze(GIVEN[:3]), strict=True):
        assert found["outside"].keys() == tasks
        for task, score in found["outside"].items():
            assert score["distance"] == pytest.approx(wanted.outside_scores[task].distance, abs=1e-5)
            assert isinstance(score["is_outside"], bool)


def test_what_is_far_from_every_centre_is_outside(engine: Engine):
    """Of a model whose embeddings are known: the texts themselves, and the opposite direction."""
    vectors = engine.encode(GIVEN)
    summary = Summary(vectors[:1].astype(np.float16), 0.5)
    (own, opposite) = OutsideScorer({"topic": summary})(np.stack([vectors[0], -vectors[0]]))
    assert own["topic"] == replace(own["topic"], is_outside=False) and own["topic"].distance < 1e-3
    assert opposite["topic"].is_outside and opposite["topic"].distance == pytest.approx(2, abs=1e-3)
    assert isinstance(own["topic"], OutsideScore) and vectors.shape[1] == HIDDEN


def test_sample_and_figures_stay_with_a_model_that_is_saved_again(checkpoint: Path, engine: Engine, tmp_path: Path):
    folders = (checkpoint, engine.save(tmp_path / "engine"))
    first, again = (load(folder).config.metrics for folder in folders)
    assert first == again != {}
    first, again = ({file.name: file.read_bytes() for file in (folder / "sample").iterdir()} for folder in folders)
    assert first == again != {}


def test_an_engine_whose_files_have_changed_takes_no_weights_from_them(checkpoint: Path, tmp_path: Path):
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    engine = Engine.load(copy, **EXACT)
    config = (copy / "config.json").read_text()
    (copy / "config.json").write_text(config.replace('"step": ', '"step": 1'))
    for use in (engine.loaded_model, lambda: engine.save(tmp_path / "out")):
        with pytest.raises(CheckpointError, match="its files have changed since it was loaded; load it again"):
            use()
    assert len(engine.analyze(["a b"])) == 1  # it answers as before
