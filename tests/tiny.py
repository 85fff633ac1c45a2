"""Tiny random backbones of every architecture, built and saved on this machine, with tokenizers made here."""

from collections.abc import Callable
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import (
    AlbertConfig,
    AlbertModel,
    BertConfig,
    BertModel,
    DebertaConfig,
    DebertaModel,
    DebertaV2Config,
    DebertaV2Model,
    DistilBertConfig,
    DistilBertModel,
    ElectraConfig,
    ElectraModel,
    ModernBertConfig,
    ModernBertModel,
    MPNetConfig,
    MPNetModel,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaModel,
    T5Config,
    T5EncoderModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

HIDDEN = 16
# An engine that computes as training does.
EXACT = {"backend": "torch", "precision": "fp32", "long_texts": "cut"}
LAYERS = 3
MAX_TOKENS = 64

# Words that the tokenizers know whole; everything else falls into pieces.
_TEXT = (
    "the a an of to in and is was with for on at from by not very good bad great awful film food hotel river "
    "anna tom maria paris london rome berlin visited met loves hates plays won team match election vote bank "
    "doctor virus music concert train flight moon water she he they we it her his new old one two three"
)
WORDS = _TEXT.split()
_PIECES = ("ing", "ed", "er", "s", "ly", "ness", "tion")
_CHARACTERS = [chr(code) for code in range(33, 127)] + list("’éüñ€—…")


def wordpiece(*, specials: tuple[str, str, str, str]) -> Tokenizer:
    """A WordPiece tokenizer as BERT's; `specials` are start, padding, end and unknown, with ids in this order."""
    start, pad, end, unknown = specials
    pieces = [*WORDS, *_CHARACTERS, *(f"##{p}" for p in (*_PIECES, *_CHARACTERS))]
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys([*specials, "[MASK]", *pieces]))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    add_template(tokenizer, start, end)
    return tokenizer


def byte_bpe(*, specials: tuple[str, str, str, str], trim_offsets: bool) -> Tokenizer:
    """A byte-level BPE tokenizer trained on the words above; offsets leave blanks out or not."""
    start, _, end, _ = specials
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=2000,
        special_tokens=list(specials),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator([" ".join(WORDS)] * 3, trainer)
    add_template(tokenizer, start, end)
    if trim_offsets:
        ends = [(token, tokenizer.token_to_id(token)) for token in (end, start)]
        tokenizer.post_processor = processors.RobertaProcessing(*ends, trim_offsets=True, add_prefix_space=False)
    return tokenizer


def unigram(*, specials: tuple[str, str, str, str]) -> Tokenizer:
    """A SentencePiece-like unigram tokenizer as XLM-RoBERTa's: blanks are part of the words."""
    start, _, end, unknown = specials
    pieces = [("\u2581" + word, -4.0) for word in WORDS] + [("\u2581", -6.0)]
    pieces += [(piece, -8.0) for piece in dict.fromkeys([*_PIECES, *_CHARACTERS])]
    vocabulary = [(special, 0.0) for special in specials] + pieces
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=specials.index(unknown), byte_fallback=False))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    add_template(tokenizer, start, end)
    return tokenizer


def add_template(tokenizer: Tokenizer, start: str, end: str) -> None:
    tokenizer.add_special_tokens([start, end])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start} $A {end}",
        pair=f"{start} $A {end} $B:1 {end}:1",
        special_tokens=[(start, tokenizer.token_to_id(start)), (end, tokenizer.token_to_id(end))],
    )


def _without_start(tokenizer: Tokenizer, end: str) -> Tokenizer:
    """Texts that only end with a special token, as T5 reads them."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {end}", special_tokens=[(end, tokenizer.token_to_id(end))]
    )
    return tokenizer


_BERT = ("[CLS]", "[PAD]", "[SEP]", "[UNK]")
_ROBERTA = ("<s>", "<pad>", "</s>", "<unk>")
# Wide initial weights, so that attention is far from uniform and a wrong mask shows.
_WIDE = {"initializer_range": 0.3}
_SHAPE = {
    "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    **_WIDE,
}


def _bert(size: int) -> PreTrainedModel:
    return BertModel(BertConfig(vocab_size=size, max_position_embeddings=MAX_TOKENS, pad_token_id=1, **_SHAPE))


def _distilbert(size: int) -> PreTrainedModel:
    return DistilBertModel(
        DistilBertConfig(
            vocab_size=size,
            max_position_embeddings=MAX_TOKENS,
            pad_token_id=1,
            dim=HIDDEN,
            n_layers=LAYERS,
            n_heads=2,
            hidden_dim=32,
            **_WIDE,
        )
    )


def _roberta(size: int) -> PreTrainedModel:
    return RobertaModel(
        RobertaConfig(vocab_size=size, max_position_embeddings=MAX_TOKENS + 2, type_vocab_size=1, **_SHAPE)
    )


def _modernbert(size: int) -> PreTrainedModel:
    return ModernBertModel(
        ModernBertConfig(
            vocab_size=size,
            max_position_embeddings=MAX_TOKENS,
            pad_token_id=1,
            cls_token_id=0,
            bos_token_id=0,
            sep_token_id=2,
            eos_token_id=2,
            local_attention=8,
            global_attn_every_n_layers=2,
            **_SHAPE,
        )
    )


def _deberta(size: int) -> PreTrainedModel:
    return DebertaV2Model(
        DebertaV2Config(
            vocab_size=size,
            max_position_embeddings=MAX_TOKENS,
            pad_token_id=1,
            relative_attention=True,
            position_buckets=8,
            norm_rel_ebd="layer_norm",
            share_att_key=True,
            pos_att_type=["p2c", "c2p"],
            position_biased_input=False,
            **_SHAPE,
        )
    )


def _deberta_v1(size: int) -> PreTrainedModel:
    return DebertaModel(
        DebertaConfig(
            vocab_size=size,
            max_position_embeddings=MAX_TOKENS,
            pad_token_id=1,
            type_vocab_size=0,
            relative_attention=True,
            max_relative_positions=8,
            pos_att_type=["c2p", "p2c"],
            position_biased_input=False,
            **_SHAPE,
        )
    )


def _albert(size: int, *, groups: int) -> PreTrainedModel:
    shape = {**_SHAPE, "num_hidden_layers": 2 * LAYERS}
    return AlbertModel(
        AlbertConfig(
            vocab_size=size,
            max_position_embeddings=MAX_TOKENS,
            pad_token_id=1,
            embedding_size=8,
            num_hidden_groups=groups,
            **shape,
        )
    )


def _electra(size: int) -> PreTrainedModel:
    return ElectraModel(
        ElectraConfig(vocab_size=size, max_position_embeddings=MAX_TOKENS, pad_token_id=1, embedding_size=8, **_SHAPE)
    )


def _t5(size: int) -> PreTrainedModel:
    return T5EncoderModel(
        T5Config(
            vocab_size=size,
            pad_token_id=1,
            eos_token_id=2,
            d_model=HIDDEN,
            d_kv=8,
            d_ff=32,
            num_layers=LAYERS,
            num_heads=2,
            relative_attention_num_buckets=8,
            relative_attention_max_distance=16,
            initializer_factor=3.0,
        )
    )


def _mpnet(size: int) -> PreTrainedModel:
    return MPNetModel(MPNetConfig(vocab_size=size, max_position_embeddings=MAX_TOKENS + 2, **_SHAPE))


def _xlm_roberta(size: int) -> PreTrainedModel:
    return XLMRobertaModel(
        XLMRobertaConfig(vocab_size=size, max_position_embeddings=MAX_TOKENS + 2, type_vocab_size=1, **_SHAPE)
    )


_BUILDERS: dict[str, tuple[Callable[[int], PreTrainedModel], Callable[[], Tokenizer], tuple[str, str, str, str]]] = {
    "bert": (_bert, lambda: wordpiece(specials=_BERT), _BERT),
    "distilbert": (_distilbert, lambda: wordpiece(specials=_BERT), _BERT),
    "roberta": (_roberta, lambda: byte_bpe(specials=_ROBERTA, trim_offsets=True), _ROBERTA),
    "modernbert": (_modernbert, lambda: byte_bpe(specials=_BERT, trim_offsets=False), _BERT),
    "deberta-v2": (_deberta, lambda: unigram(specials=_BERT), _BERT),
    "mpnet": (_mpnet, lambda: wordpiece(specials=_ROBERTA), _ROBERTA),
    "xlm-roberta": (_xlm_roberta, lambda: unigram(specials=_ROBERTA), _ROBERTA),
    "deberta": (_deberta_v1, lambda: byte_bpe(specials=_BERT, trim_offsets=False), _BERT),
    "electra": (_electra, lambda: wordpiece(specials=_BERT), _BERT),
    "albert": (lambda size: _albert(size, groups=LAYERS), lambda: unigram(specials=_BERT), _BERT),
    "t5": (_t5, lambda: _without_start(unigram(specials=_ROBERTA), "</s>"), _ROBERTA),
}
ARCHITECTURES = tuple(_BUILDERS)
SPECIAL_TOKENS = dict.fromkeys(ARCHITECTURES, 2) | {"t5": 1}
"""How many special tokens stand around a text."""
# As the published ones: all layers share their weights.
_BUILDERS["albert-shared"] = (lambda size: _albert(size, groups=1), *_BUILDERS["albert"][1:])


def save_tokenizer(tokenizer: Tokenizer, folder: Path, specials: tuple[str, str, str, str]) -> None:
    """Write the files that `AutoTokenizer` reads."""
    start, pad, end, unknown = specials
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        cls_token=start,
        bos_token=start,
        pad_token=pad,
        sep_token=end,
        eos_token=end,
        unk_token=unknown,
        model_max_length=MAX_TOKENS,
    ).save_pretrained(folder)


def save_backbone(architecture: str, folder: Path, *, seed: int = 0) -> Path:
    """A backbone folder of random weights with its tokenizer, as `AutoModel` and `AutoTokenizer` read it."""
    build_model, build_tokenizer, specials = _BUILDERS[architecture]
    tokenizer = build_tokenizer()
    torch.manual_seed(seed)
    build_model(tokenizer.get_vocab_size()).save_pretrained(folder)
    save_tokenizer(tokenizer, folder, specials)
    return folder
