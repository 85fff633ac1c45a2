"""DistilBERT as the BERT that it is: its own classifier has a ReLU where heads have another activation."""

import re

import torch
from transformers import BertConfig, BertModel, PreTrainedModel

_NAMES = {
    "transformer.layer.": "encoder.layer.",
    "attention.q_lin.": "attention.self.query.",
    "attention.k_lin.": "attention.self.key.",
    "attention.v_lin.": "attention.self.value.",
    "attention.out_lin.": "attention.output.dense.",
    "sa_layer_norm.": "attention.output.LayerNorm.",
    "ffn.lin1.": "intermediate.dense.",
    "ffn.lin2.": "output.dense.",
    "output_layer_norm.": "output.LayerNorm.",
}
_FOUND = re.compile("|".join(map(re.escape, _NAMES)))


def as_bert(encoder: PreTrainedModel) -> PreTrainedModel:
    """A DistilBERT as BERT with the same states; any other encoder as it is."""
    config = encoder.config
    if config.model_type != "distilbert":
        return encoder
    found = BertModel(
        BertConfig(
            vocab_size=config.vocab_size,
            hidden_size=config.dim,
            num_hidden_layers=config.n_layers,
            num_attention_heads=config.n_heads,
            intermediate_size=config.hidden_dim,
            hidden_act=config.activation,
            hidden_dropout_prob=config.dropout,
            attention_probs_dropout_prob=config.attention_dropout,
            max_position_embeddings=config.max_position_embeddings,
            pad_token_id=config.pad_token_id,
            layer_norm_eps=1e-12,
        ),
        add_pooling_layer=False,
    )
    state = {_FOUND.sub(lambda m: _NAMES[m.group()], name): tensor for name, tensor in encoder.state_dict().items()}
    state["embeddings.token_type_embeddings.weight"] = torch.zeros(2, config.dim)
    found.load_state_dict(state, strict=False)
    return found.eval()
