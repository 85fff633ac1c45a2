"""A call that goes on runs the model as the finished parts were run, whatever would be chosen now."""

import json
from pathlib import Path

import pytest

from mtl.inference import Engine
from mtl.inference.backends import openvino
from mtl.inference.bulk.begun import load_engine
from mtl.inference.bulk.files import model_key
from mtl.inference.bulk.parts import begun_state, parts_folder
from mtl.inference.bulk.state import STATE_FILE

WAYS = [("torch", "fp32"), *([("openvino", "fp32"), ("openvino", "bf16")] if openvino.is_installed() else [])]


def runs_with(engine: Engine) -> tuple[str, str]:
    return engine.choice.backend, engine.choice.precision


def written(target: Path, content: str) -> bytes | None:
    parts_folder(target).mkdir()
    (parts_folder(target) / STATE_FILE).write_text(content)
    return begun_state(target)


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_the_same_model_runs_as_before(tiny_bert: Path, tmp_path: Path, way: tuple[str, str]):
    if way[1] == "bf16" and not openvino.has_bf16():
        pytest.skip("this processor has no bf16")
    fingerprint = Engine.load(tiny_bert).fingerprint
    state = written(tmp_path / "out.jsonl", json.dumps({"model": model_key(fingerprint, *way)}))
    assert runs_with(load_engine(str(tiny_bert), precision="auto", state=state)) == way


def test_a_precision_that_is_asked_for_counts(tiny_bert: Path, tmp_path: Path):
    fingerprint = Engine.load(tiny_bert).fingerprint
    state = written(tmp_path / "out.jsonl", json.dumps({"model": model_key(fingerprint, "torch", "bf16")}))
    assert load_engine(str(tiny_bert), precision="fp32", state=state).choice.precision == "fp32"


@pytest.mark.parametrize(
    "content",
    ["", "{", "[" * 200_000, "[]", "{}", '{"model": 5}', '{"model": "a|b"}', '{"model": "another|torch|bf16"}'],
)
def test_without_such_parts_it_is_what_is_chosen(tiny_bert: Path, tmp_path: Path, content: str):
    chosen = runs_with(Engine.load(tiny_bert))
    assert (
        runs_with(load_engine(str(tiny_bert), precision="auto", state=written(tmp_path / "o.npy", content))) == chosen
    )
    assert begun_state(tmp_path / "none.npy") is None


@pytest.mark.parametrize("way", ["nothing|fp32", "openvino|nothing", "torch|int8"])
def test_a_way_that_there_is_not_is_left(tiny_bert: Path, way: str):
    engine = Engine.load(tiny_bert)
    state = json.dumps({"model": f"{engine.fingerprint}|{way}"})
    assert runs_with(load_engine(str(tiny_bert), precision="auto", state=state)) == runs_with(engine)
