"""Backbones of every architecture: loaded, run, cut into parts, trained with every choice of what is frozen."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModel, AutoTokenizer, PreTrainedModel, T5EncoderModel

from mtl.encoder import LoadedBackbone, load_backbone
from mtl.errors import BackboneError
from mtl.freezing import FreezePlan, Freezer
from mtl.model import MultiTaskModel, TaskInfo
from mtl.recipe import Decoder, HeadConfig, Pooling, TaskKind
from tests.mtl.encoder.batches import LONG, batch_of
from tests.tiny import ARCHITECTURES, HIDDEN, LAYERS, MAX_TOKENS

TEXTS = (
    "Anna visited Zürich, didn't she?",
    "hi",
    "  Tom's 3,000 trees… 你好 🙂 ok",
    "the old doctor met two bad bankers in rome and won a very great election for the team",
)

Load = Callable[[str], LoadedBackbone]


@pytest.fixture(scope="module")
def load(backbone_folder: Callable[[str], Path]) -> Load:
    return lambda architecture: load_backbone(str(backbone_folder(architecture)))


EACH = pytest.mark.parametrize("architecture", ARCHITECTURES)


def plain_model(backbone: LoadedBackbone, architecture: str) -> PreTrainedModel:
    """As transformers loads it by itself."""
    kind = T5EncoderModel if architecture == "t5" else AutoModel
    return kind.from_pretrained(backbone.source.folder).eval()


@EACH
def test_hidden_states_and_embeddings_have_their_shapes(load: Load, architecture: str):
    backbone = load(architecture)
    batch = batch_of(backbone, TEXTS)
    encoded = backbone.encoder(batch)
    assert encoded.hidden.shape == (len(TEXTS), batch.ids.shape[1], HIDDEN)
    assert encoded.pooled.shape == encoded.embedding.shape == (len(TEXTS), HIDDEN)
    assert backbone.encoder.dimension == HIDDEN


@EACH
def test_padding_changes_nothing(load: Load, architecture: str):
    backbone = load(architecture)
    with torch.inference_mode():
        together = backbone.encoder(batch_of(backbone, TEXTS))
        for row, text in enumerate(TEXTS):
            alone = backbone.encoder(batch_of(backbone, (text,)))
            length = alone.hidden.shape[1]
            torch.testing.assert_close(together.hidden[row, :length], alone.hidden[0], rtol=0, atol=1e-4)
            torch.testing.assert_close(together.embedding[row], alone.embedding[0], rtol=0, atol=1e-4)


@EACH
def test_hidden_states_are_those_of_transformers(load: Load, architecture: str):
    backbone = load(architecture)
    model = plain_model(backbone, architecture)
    tokenizer = AutoTokenizer.from_pretrained(backbone.source.folder)
    inputs = tokenizer(list(TEXTS), padding=True, return_tensors="pt")
    with torch.inference_mode():
        expected = model(input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"]).last_hidden_state
        found = backbone.encoder(batch_of(backbone, TEXTS)).hidden
    inside = inputs["attention_mask"].bool()
    torch.testing.assert_close(found[inside], expected[inside], rtol=0, atol=1e-5)


@EACH
def test_parts_cover_every_parameter_once(load: Load, architecture: str):
    encoder = load(architecture).encoder
    parts = encoder.parts()
    found = [id(p) for group in (parts.bottom, parts.layers, parts.top) for m in group for p in m.parameters()]
    assert sorted(found) == sorted(id(p) for p in encoder.parameters())


@EACH
def test_parts_have_the_backbones_layers(load: Load, architecture: str):
    assert len(load(architecture).encoder.parts().layers) == LAYERS


@EACH
def test_layers_are_in_the_order_of_the_forward_pass(load: Load, architecture: str):
    backbone = load(architecture)
    seen: list[int] = []
    layers = backbone.encoder.parts().layers
    hooks = [m.register_forward_hook(lambda *_, i=i: seen.append(i)) for i, m in enumerate(layers)]
    backbone.encoder(batch_of(backbone, TEXTS))
    for hook in hooks:
        hook.remove()
    runs = 2 if architecture == "albert" else 1  # of each group of layers
    assert seen == [layer for layer in range(LAYERS) for _ in range(runs)]


@EACH
def test_the_states_after_each_layer_are_those_of_transformers(load: Load, architecture: str):
    backbone = load(architecture)
    backbone.encoder.gives_layers = True
    with torch.inference_mode():
        batch = batch_of(backbone, TEXTS)
        encoded = backbone.encoder(batch)
        model = plain_model(backbone, architecture)
        expected = model(input_ids=batch.ids, attention_mask=batch.mask, output_hidden_states=True).hidden_states
    assert encoded.layers.shape[2] == backbone.encoder.states_count == len(expected)
    torch.testing.assert_close(encoded.layers[:, :, :-1], torch.stack(expected[:-1], dim=2), rtol=0, atol=1e-5)
    assert torch.equal(encoded.layers[:, :, -1], encoded.hidden)


@EACH
def test_a_loaded_backbone_is_in_float32_and_eval_mode(load: Load, architecture: str):
    encoder = load(architecture).encoder
    assert {p.dtype for p in encoder.parameters()} == {torch.float32}
    assert not any(module.training for module in encoder.modules())


@EACH
def test_no_backbone_keeps_a_pooler(load: Load, architecture: str):
    assert not any("pooler" in name for name, _ in load(architecture).encoder.named_parameters())


@EACH
def test_a_backbone_may_use_its_whole_length_and_no_more(
    load: Load, backbone_folder: Callable[[str], Path], architecture: str
):
    backbone = load(architecture)
    assert backbone.tokenizer.max_length == MAX_TOKENS
    batch = batch_of(backbone, (LONG,))
    assert batch.ids.shape == (1, MAX_TOKENS)
    assert torch.isfinite(backbone.encoder(batch).embedding).all()
    with pytest.raises(BackboneError, match=f"a max_length up to {MAX_TOKENS} was expected, was {MAX_TOKENS + 1}"):
        load_backbone(str(backbone_folder(architecture)), max_length=MAX_TOKENS + 1)


PLANS = {
    "all_frozen_but_heads": FreezePlan(0, False, frozenset()),
    "one_layer": FreezePlan(1, False, frozenset()),
    "one_layer_one_head_frozen": FreezePlan(1, False, frozenset({"topic"})),
    "layers_without_embeddings": FreezePlan(LAYERS, False, frozenset()),
    "all": FreezePlan(LAYERS, True, frozenset()),
    "all_one_head_frozen": FreezePlan(LAYERS, True, frozenset({"names"})),
}


@EACH
@pytest.mark.parametrize("plan", PLANS)
def test_one_training_step_changes_what_trains_and_nothing_else(load: Load, architecture: str, plan: str):
    backbone = load(architecture)
    torch.manual_seed(0)
    model = MultiTaskModel(
        backbone.encoder,
        {
            "topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b"), HeadConfig()),
            "names": TaskInfo("names", TaskKind.TAGGING, ("PER",), HeadConfig(decoder=Decoder.CRF)),
        },
    )
    freezer = Freezer(model, PLANS[plan])
    freezer.train()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.01, weight_decay=0.1)
    batch = batch_of(backbone, TEXTS)
    encoded = model.encoder(batch)
    tags = torch.ones_like(batch.first_tokens) * batch.word_mask
    tagging, topic = model.heads["names"], model.heads["topic"]
    loss = tagging.loss(tagging(encoded.hidden, batch.first_tokens), tags, batch.word_mask)
    (loss + topic.loss(topic(encoded.pooled), torch.tensor([0, 1, 0, 1]))).backward()
    optimizer.step()
    changed = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
    assert changed == trained
    assert len(trained) == len([p for p in model.parameters() if p.grad is not None])


def test_a_chosen_pooling_goes_before_the_backbones_own(tiny_bert: Path):
    assert load_backbone(str(tiny_bert)).encoder.pooling is Pooling.MEAN
    assert load_backbone(str(tiny_bert), pooling=Pooling.MAX).encoder.pooling is Pooling.MAX


def test_a_chosen_length_cuts_texts(tiny_bert: Path):
    backbone = load_backbone(str(tiny_bert), max_length=8)
    assert batch_of(backbone, TEXTS).ids.shape[1] == 8


def test_a_length_that_the_tokenizer_states_is_kept(tiny_bert: Path, tmp_path: Path):
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "copy"))
    config = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(config | {"model_max_length": 20}))
    assert load_backbone(str(folder)).tokenizer.max_length == 20


@pytest.mark.parametrize("broken", ["", "{", "null", "[]", "{}", '"modle"', "half"])
def test_a_damaged_tokenizer_is_one_sentence(tiny_bert: Path, tmp_path: Path, broken: str):
    folder = Path(shutil.copytree(tiny_bert, tmp_path / "copy"))
    file = folder / "tokenizer.json"
    whole = file.read_text()
    file.write_text(
        {'"modle"': whole.replace('"model"', '"modle"'), "half": whole[: len(whole) // 2]}.get(broken, broken)
    )
    with pytest.raises(BackboneError, match="a tokenizer was expected: "):
        load_backbone(str(folder))
