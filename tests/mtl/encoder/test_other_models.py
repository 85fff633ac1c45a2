"""Further encoders of transformers, beyond those tested in depth."""

from pathlib import Path

import pytest
import torch
import transformers

from mtl.encoder import load_backbone
from mtl.errors import BackboneError
from tests.mtl.encoder.batches import batch_of
from tests.tiny import MAX_TOKENS, save_tokenizer, wordpiece

SPECIALS = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")
SHAPE = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "pad_token_id": 1,
    "max_position_embeddings": MAX_TOKENS,
}
AFTER_PADDING = {"max_position_embeddings": MAX_TOKENS + 2}  # positions that begin after the padding index
MODELS = {
    "Electra": {"embedding_size": 8},
    "Deberta": {},
    "RoFormer": {},
    "MobileBert": {"embedding_size": 8, "true_hidden_size": 8, "intra_bottleneck_size": 8},
    "Camembert": AFTER_PADDING,
    "Data2VecText": AFTER_PADDING,
    "XLMRobertaXL": AFTER_PADDING,
    "RobertaPreLayerNorm": AFTER_PADDING,
    "Esm": AFTER_PADDING,
    "SqueezeBert": {"embedding_size": 16},
    "Albert": {"embedding_size": 8},
}
DECODERS = {
    "Llama": {},
    "Qwen2": {"num_key_value_heads": 2},
    "OPT": {"ffn_dim": 32, "word_embed_proj_dim": 16},
    "GPTNeoX": {},
    "Bert": {"is_decoder": True},
}


def save(kind: str, folder: Path, settings: dict[str, object]) -> Path:
    tokenizer = wordpiece(specials=SPECIALS)
    config = getattr(transformers, f"{kind}Config")
    torch.manual_seed(0)
    shape = {} if "d_model" in settings else SHAPE
    model = transformers.AutoModel.from_config(config(vocab_size=tokenizer.get_vocab_size(), **shape | settings))
    model.save_pretrained(folder)
    save_tokenizer(tokenizer, folder, SPECIALS)
    return folder


@pytest.mark.parametrize("kind", [k for k in MODELS])
def test_an_encoder_runs_at_any_length_and_padding_changes_nothing(tmp_path: Path, kind: str):
    backbone = load_backbone(str(save(kind, tmp_path, MODELS[kind])))
    texts = ["anna met tom", "the old doctor " * 60]
    with torch.inference_mode():
        batch = batch_of(backbone, texts)
        together = backbone.encoder(batch).embedding
        alone = torch.cat([backbone.encoder(batch_of(backbone, [text])).embedding for text in texts])
    assert batch.ids.shape[1] == MAX_TOKENS
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize("kind", DECODERS)
def test_a_decoder_is_refused(tmp_path: Path, kind: str):
    with pytest.raises(BackboneError, match="encoder"):
        load_backbone(str(save(kind, tmp_path, DECODERS[kind])))


def test_a_model_without_a_length_limit_reads_texts_or_is_refused(tmp_path: Path):
    try:
        backbone = load_backbone(
            str(save("XLNet", tmp_path, {"d_model": 16, "n_layer": 2, "n_head": 2, "d_inner": 32}))
        )
    except BackboneError:
        return
    assert backbone.tokenizer(["anna met tom"]).tokens.tolist() == [5]
