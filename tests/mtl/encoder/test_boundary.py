"""A backbone in two parts gives what it gives whole, at every cut, in every architecture."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mtl.encoder import LoadedBackbone, load_backbone
from mtl.encoder.boundary import Boundary
from mtl.errors import BackboneError
from mtl.runs import Finished
from tests.mtl.encoder.batches import batch_of
from tests.mtl.encoder.test_other_models import MODELS, save
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import events_of
from tests.tiny import ARCHITECTURES, HIDDEN, LAYERS

TEXTS = (
    "Anna visited Zürich, didn't she?",
    "hi",
    "the old doctor met two bad bankers in rome and won a great election",
)
# The layers of T5 pass on more than hidden states: it can be cut above all of them alone.
CUTS = [(a, below) for a in ARCHITECTURES for below in range(LAYERS if a == "t5" else 1, LAYERS + 1)]
EACH = pytest.mark.parametrize("cut", CUTS, ids=lambda cut: f"{cut[0]}-{cut[1]}", indirect=True)


class Cut:
    """A backbone, a cut through it, and a padded batch."""

    def __init__(self, backbone: LoadedBackbone, below: int) -> None:
        self.encoder = backbone.encoder
        self.below = below
        self.batch = batch_of(backbone, TEXTS)
        self.inputs = self.encoder._inputs(self.batch)
        self.names = [(name, tuple(p.shape)) for name, p in self.encoder.named_parameters()]
        self.boundary = Boundary(self.encoder.model, below=below)

    def whole(self) -> Tensor:
        return self.encoder.model(**self.inputs).last_hidden_state

    def in_two_parts(self) -> Tensor:
        return self.boundary.upper(self.inputs, self.boundary.lower(self.inputs))

    def gradients_above(self, hidden: Tensor) -> dict[str, Tensor]:
        """Gradients of what lies above the cut, of a loss that no two positions share."""
        self.encoder.zero_grad(set_to_none=True)
        weights = torch.linspace(-1, 1, hidden.numel()).reshape(hidden.shape) * self.batch.mask.unsqueeze(-1)
        (hidden * weights).sum().backward()
        parts = self.encoder.parts()
        modules = (*parts.layers[self.below :], *parts.top)
        return {f"{i}.{n}": p.grad.clone() for i, m in enumerate(modules) for n, p in m.named_parameters()}


def _has(parameter: Tensor) -> bool:
    return parameter.grad is not None


@pytest.fixture
def cut(request: pytest.FixtureRequest, backbone_folder: Callable[[str], Path]) -> Cut:
    architecture, below = request.param
    return Cut(load_backbone(str(backbone_folder(architecture))), below)


@EACH
@torch.no_grad()
def test_the_two_parts_one_after_the_other_give_the_whole(cut: Cut):
    torch.testing.assert_close(cut.in_two_parts(), cut.whole(), rtol=0, atol=1e-6)


@EACH
@torch.no_grad()
def test_the_states_at_a_cut_are_neither_the_input_nor_the_output(cut: Cut):
    states = cut.boundary.lower(cut.inputs)
    assert states.shape == (len(TEXTS), cut.batch.ids.shape[1], HIDDEN)
    assert torch.equal(states, cut.whole()) == (cut.below == LAYERS)


@pytest.mark.parametrize("cut", [c for c in CUTS if c[1] < LAYERS], ids=lambda c: f"{c[0]}-{c[1]}", indirect=True)
def test_gradients_above_the_cut_are_those_of_the_whole_model(cut: Cut):
    expected = cut.gradients_above(cut.whole())
    found = cut.gradients_above(cut.in_two_parts())
    assert any(gradient.abs().max() > 0.01 for gradient in found.values())
    for name, gradient in found.items():
        torch.testing.assert_close(gradient, expected[name], rtol=1e-5, atol=1e-6, msg=name)


@EACH
def test_what_lies_below_the_cut_gets_no_gradient(cut: Cut):
    hidden = cut.in_two_parts()
    if cut.below < LAYERS:
        hidden.sum().backward()
    layers = cut.encoder.parts().layers[: cut.below]
    assert not any(_has(p) for layer in layers for p in layer.parameters())


@EACH
def test_the_lower_part_leaves_no_graph_and_no_gradient(cut: Cut):
    states = cut.boundary.lower(cut.inputs)
    assert torch.is_grad_enabled()
    assert not states.requires_grad
    assert not any(_has(p) for p in cut.encoder.parameters())


@EACH
def test_a_cut_changes_no_name_and_no_number_of_parameters(cut: Cut):
    cut.in_two_parts()
    assert [(name, tuple(p.shape)) for name, p in cut.encoder.named_parameters()] == cut.names
    hooks = [m for m in cut.encoder.modules() if m._forward_pre_hooks or m._forward_hooks]
    assert hooks == []


@EACH
@torch.no_grad()
def test_the_upper_part_follows_the_weights_as_they_train(cut: Cut):
    for parameter in cut.encoder.parts().layers[-1].parameters():
        parameter.mul_(1.5)
    torch.testing.assert_close(cut.in_two_parts(), cut.whole(), rtol=0, atol=1e-6)


@torch.no_grad()
def test_a_batch_that_brings_its_states_starts_at_the_cut(tiny_bert: Path):
    backbone = load_backbone(str(tiny_bert))
    backbone.encoder.cut(2)
    batch = batch_of(backbone, TEXTS)
    whole = backbone.encoder(batch).hidden
    states = backbone.encoder.lower(batch)
    torch.testing.assert_close(backbone.encoder(replace(batch, layer=states)).hidden, whole, rtol=0, atol=1e-6)
    assert not torch.allclose(backbone.encoder(replace(batch, layer=states * 0)).hidden, whole)


FURTHER = {kind: settings for kind, settings in MODELS.items() if kind != "SqueezeBert"} | {
    "Ernie": {},
    "ConvBert": {"embedding_size": 16},
    # Two groups of layers, each run twice.
    "Albert": {"embedding_size": 8, "num_hidden_layers": 4, "num_hidden_groups": 2},
    # A convolution beside the first layer, between it and the second.
    "DebertaV2": {"conv_kernel_size": 3, "conv_act": "gelu", "relative_attention": True, "pos_att_type": ["c2p"]},
}


@pytest.mark.parametrize("kind", FURTHER)
@torch.no_grad()
def test_further_encoders_give_the_whole_at_every_cut(tmp_path: Path, kind: str):
    backbone = load_backbone(str(save(kind, tmp_path, FURTHER[kind])))
    for below in range(1, len(backbone.encoder.parts().layers) + 1):
        cut = Cut(backbone, below)
        torch.testing.assert_close(cut.in_two_parts(), cut.whole(), rtol=0, atol=1e-6)


def test_a_model_that_does_not_run_its_layers_as_modules_cannot_be_cut(tmp_path: Path):
    backbone = load_backbone(str(save("SqueezeBert", tmp_path, MODELS["SqueezeBert"])))
    with pytest.raises(BackboneError, match="SqueezeBertModel: layers that run as modules were expected"):
        backbone.encoder.cut(1)


@pytest.mark.parametrize("below", range(1, LAYERS))
def test_a_model_whose_layers_pass_on_more_than_hidden_states_cannot_be_cut(
    backbone_folder: Callable[[str], Path], below: int
):
    encoder = load_backbone(str(backbone_folder("t5"))).encoder
    with pytest.raises(BackboneError, match="T5EncoderModel: layers that pass on hidden states alone were expected"):
        encoder.cut(below)


@pytest.mark.parametrize("freezing", [{"preset": "last_layers", "layers": 1}, {"preset": "heads_only"}])
def test_a_model_that_cannot_be_cut_trains_all_the_same(tmp_path: Path, freezing: dict[str, object]):
    folder = save("SqueezeBert", tmp_path, MODELS["SqueezeBert"])
    found = events_of(recipe_of(folder, ["topic"], freezing=freezing, budget={"max_steps": 2}))
    assert isinstance(found[-1], Finished)
