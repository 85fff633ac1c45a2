"""Configurations of transformers for the shapes of the catalogue."""

import transformers

from mtl.backbones.catalogue import ModelType, Shape

_KINDS = {
    ModelType.BERT: "Bert",
    ModelType.ROBERTA: "Roberta",
    ModelType.XLM_ROBERTA: "XLMRoberta",
    ModelType.DISTILBERT: "DistilBert",
    ModelType.MPNET: "MPNet",
    ModelType.MODERNBERT: "ModernBert",
    ModelType.DEBERTA: "DebertaV2",
}
# What the files of microsoft/deberta-v3-base set beside its sizes.
_OWN = {
    ModelType.DEBERTA: {
        "type_vocab_size": 0,
        "relative_attention": True,
        "position_buckets": 256,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": "p2c|c2p",
        "position_biased_input": False,
        "max_relative_positions": -1,
    },
}


def config_of(shape: Shape) -> transformers.PretrainedConfig:
    sizes = {
        "vocab_size": shape.vocabulary,
        "num_attention_heads": shape.heads,
        "max_position_embeddings": shape.positions or 512,
        "type_vocab_size": shape.types,
        "pad_token_id": 1,
    }
    if shape.type is ModelType.DISTILBERT:
        sizes |= {"dim": shape.hidden, "n_layers": shape.layers, "hidden_dim": shape.intermediate}
    else:
        sizes |= {"hidden_size": shape.hidden, "num_hidden_layers": shape.layers}
        sizes |= {"intermediate_size": shape.intermediate}
    return getattr(transformers, f"{_KINDS[shape.type]}Config")(**sizes | _OWN.get(shape.type, {}))
