"""What heads read of a frozen backbone."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from mtl.checkpoint.store import LoadedModel
from mtl.errors import BackendError
from mtl.inference.autotune import features
from mtl.inference.autotune.features import open_features
from mtl.inference.backends import openvino
from tests.mtl.inference.backends.test_openvino import batches
from tests.mtl.inference.engines import model_of
from tests.tiers import pairs
from tests.tiny import HIDDEN, LAYERS

pytestmark = pytest.mark.skipif(not openvino.is_installed(), reason="OpenVINO is not installed")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    return tmp_path


def expected_of(loaded: LoadedModel) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """What transformers gives: mean pooled vectors, and of each word's first token the states of every layer."""
    for batch in batches():
        ids, mask = torch.from_numpy(batch.ids), torch.from_numpy(batch.mask)
        with torch.no_grad():
            found = loaded.model.encoder.model(input_ids=ids, attention_mask=mask, output_hidden_states=True)
        hidden = found.last_hidden_state
        pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
        layers = torch.cat([*found.hidden_states[:-1], hidden], dim=2)
        words = [states[first] for states, first in zip(layers, batch.first_tokens, strict=True)]
        yield pooled.numpy(), torch.stack(words).numpy()


@pytest.mark.parametrize(
    ("architecture", "layers"), pairs(["bert", "deberta-v2", "modernbert", "mpnet"], [False, True], every=2)
)
def test_features_are_what_transformers_gives(backbone_folder: Callable[[str], Path], architecture: str, layers: bool):
    loaded = model_of(backbone_folder(architecture))
    loaded.model.encoder.gives_layers = layers
    backend = open_features(loaded, exact=True)
    assert backend.precision == "fp32"
    for (_, found), (pooled, words) in zip(backend.features(batches()), expected_of(loaded), strict=True):
        wanted = words if layers else words[..., -HIDDEN:]
        assert wanted.shape[-1] == HIDDEN * ((1 + LAYERS) if layers else 1)
        np.testing.assert_allclose(found[:, 0, -HIDDEN:], pooled, rtol=0, atol=2e-4)
        np.testing.assert_allclose(found[:, 1:], wanted, rtol=0, atol=2e-3)


@pytest.mark.parametrize(
    ("has_bf16", "cosines", "precision"),
    [
        (True, {}, "mixed"),
        (True, {"mixed": 0.99}, "bf16"),
        (True, {"mixed": 0.99, "bf16": 0.99}, "fp32"),
        (True, dict.fromkeys(("mixed", "bf16", "fp32"), 0.99), None),
        (False, {}, "int8"),
        (False, {"int8": 0.99}, "fp32"),
    ],
)
def test_the_fastest_that_is_faithful_is_taken(
    tiny_bert: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_bf16: bool,
    cosines: dict[str, float],
    precision: str | None,
):
    if has_bf16 and not openvino.has_bf16():
        pytest.skip("this processor has no bf16")
    monkeypatch.setattr(openvino, "has_bf16", lambda: has_bf16)
    monkeypatch.setattr(features, "_least_cosine", lambda backend, *_: cosines.get(backend.precision, 1.0))
    backend = open_features(model_of(tiny_bert))
    assert (backend and backend.precision) == precision


def test_words_count_as_much_as_texts(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    compared: list[tuple[int, ...]] = []
    monkeypatch.setattr(features, "min_cosine", lambda a, b: compared.append(a.shape) or float(a.shape == b.shape))
    assert open_features(model_of(tiny_bert), exact=True) is not None
    texts, words = compared[0], compared[1]
    assert texts[1] == words[1] == HIDDEN
    assert words[0] > texts[0]


@pytest.mark.slow
def test_what_was_made_is_kept_and_a_damaged_graph_made_anew(
    tiny_bert: Path, home: Path, monkeypatch: pytest.MonkeyPatch
):
    made: list[Path] = []
    export = features.export
    monkeypatch.setattr(features, "export", lambda graph, to: made.append(to) or export(graph, to))
    loaded = model_of(tiny_bert)
    first = open_features(loaded)
    assert open_features(loaded).precision == first.precision
    assert len(made) == 1
    for graph in home.glob("cache/engines/*/graph*.xml"):
        graph.write_text("<net>", encoding="utf-8")
    assert open_features(loaded).precision == first.precision
    assert len(made) == 2


@pytest.mark.slow
def test_other_weights_have_other_features(tiny_bert: Path):
    loaded = model_of(tiny_bert)
    before = open_features(loaded, exact=True)
    with torch.no_grad():
        next(loaded.model.encoder.parameters()).mul_(1.5)
    after = open_features(loaded, exact=True)
    (one, *_), (other, *_) = before.features(batches()), after.features(batches())
    assert not np.allclose(one[1][:, 0], other[1][:, 0])
    wanted = next(expected_of(loaded))[0]
    np.testing.assert_allclose(other[1][:, 0], wanted, rtol=0, atol=2e-4)


def test_a_model_that_cannot_be_exported_is_left_to_torch(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*_: object) -> None:
        raise BackendError("no such operation")

    monkeypatch.setattr(features, "export", refuse)
    assert open_features(model_of(tiny_bert)) is None


def test_without_openvino_torch_runs_it(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(openvino, "is_installed", lambda: False)
    assert open_features(model_of(tiny_bert)) is None
