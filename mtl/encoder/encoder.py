"""A backbone with its tokenizer and pooling."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.nn.functional import normalize
from transformers import (
    MODEL_FOR_TEXT_ENCODING_MAPPING,
    AutoConfig,
    AutoModel,
    AutoModelForTextEncoding,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_logging

from mtl.backbones.dense import DenseLayer
from mtl.backbones.source import BackboneSource, find_backbone
from mtl.backbones.st_config import read_sentence_config
from mtl.encoder.batch import TokenBatch
from mtl.encoder.boundary import Boundary
from mtl.encoder.frozen_dense import FrozenDense
from mtl.encoder.parts import BackboneParts, parts_of
from mtl.encoder.pooling import pool
from mtl.errors import BackboneError
from mtl.recipe.choices import Pooling
from mtl.text.windows import WindowConfig, WindowTokenizer

_UNBOUNDED = 1_000_000  # tokenizers without a limit say 1e30
_PLAIN_MAX_LENGTH = 512
_DAMAGED = (
    OSError,
    ValueError,
    LookupError,
    RuntimeError,
    TypeError,
    AttributeError,
    ArithmeticError,
    AssertionError,
    StrictDataclassError,
)
"""What transformers raises over the files of a folder, depending on what is wrong with them."""
_TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.txt",
    "vocab.json",
    "spiece.model",
    "spm.model",
    "sentencepiece.bpe.model",
    "tokenizer.model",
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Hidden states `(B, T, H)` and the pooled vector `(B, H)` of windows, and the embedding `(N, E)` of texts.

    The embedding is the pooled vector, or the mean of those of a text's windows by their shares, mapped and normalised
    where the backbone says so; heads read the pooled one. `layers` `(B, T, K, H)` has the states after the embeddings
    and after every layer, where a head mixes them. After a batch with pooled activations W stands in the place of T.
    """

    hidden: Tensor
    pooled: Tensor
    embedding: Tensor
    layers: Tensor | None = None


class Encoder(nn.Module):
    """Any encoder of transformers with a sentence embedding.

    `dense` maps the pooled vector to the embedding, and never trains; with `normalize` the embedding has length 1.
    """

    def __init__(
        self, model: PreTrainedModel, *, pooling: Pooling, normalize: bool, dense: Sequence[DenseLayer] = ()
    ) -> None:
        super().__init__()
        self.dense = tuple(dense)
        self._dense = nn.ModuleList(FrozenDense(layer) for layer in dense)
        self.model = model
        self.pooling = pooling
        self.normalize = normalize
        self.dimension = int(model.config.hidden_size)
        self.takes_types = int(getattr(model.config, "type_vocab_size", 0) or 0) > 0
        self._boundary: Boundary | None = None
        self.adapter_rank: int | None = None
        self.gives_layers = False

    @property
    def embedding_dimension(self) -> int:
        """E, how many numbers an embedding has."""
        return self.dense[-1].outputs if self.dense else self.dimension

    @property
    def states_count(self) -> int:
        """K, the states of a token: after the embeddings and after each layer, also of layers that share weights."""
        return 1 + int(self.model.config.num_hidden_layers)

    def cut(self, below: int) -> None:
        """Put the boundary above so many frozen layers; from then on batches may have cached activations there."""
        self._boundary = Boundary(self.model, below=below)

    def forward(self, batch: TokenBatch) -> Encoded:
        """Run the backbone once: from the boundary where the batch has cached activations of a layer, else whole.

        A batch with cached pooled activations needs no pass.
        """
        layers = None
        if batch.pooled is not None:
            layers = batch.pooled.view(*batch.pooled.shape[:2], -1, self.dimension)
            hidden, pooled, layers = layers[:, 1:, -1], layers[:, 0, -1], layers[:, 1:]
        elif batch.layer is not None and self._boundary is not None:
            hidden = self._boundary.upper(self._inputs(batch), batch.layer)
            pooled = pool(hidden, batch.mask, self.pooling)
        else:
            output = self.model(**self._inputs(batch), output_hidden_states=self.gives_layers)
            hidden = output.last_hidden_state
            layers = torch.stack((*output.hidden_states[:-1], hidden), dim=2) if self.gives_layers else None
            pooled = pool(hidden, batch.mask, self.pooling)
        embedding = pooled if batch.texts is None else _combined(pooled, batch.texts, batch.shares)
        return Encoded(hidden, pooled, self.embedding_of(embedding), layers)

    def embedding_of(self, pooled: Tensor) -> Tensor:
        """The embedding `(N, E)` from the pooled vectors of texts `(N, H)`."""
        for layer in self._dense:
            pooled = layer(pooled)
        return normalize(pooled, dim=-1) if self.normalize else pooled

    def lower(self, batch: TokenBatch) -> Tensor:
        """The states `(B, T, H)` at the boundary, without gradients; `cut` comes first."""
        assert self._boundary is not None
        return self._boundary.lower(self._inputs(batch))

    def _inputs(self, batch: TokenBatch) -> dict[str, Tensor]:
        inputs = {"input_ids": batch.ids, "attention_mask": batch.mask}
        return inputs | {"token_type_ids": batch.type_ids} if self.takes_types else inputs

    def parts(self) -> BackboneParts:
        """The backbone's modules from bottom to top."""
        return parts_of(self.model)


@dataclass(frozen=True)
class LoadedBackbone:
    """An encoder as it came from its source, and the tokenizer for it."""

    source: BackboneSource
    encoder: Encoder
    tokenizer: WindowTokenizer


def load_backbone(
    name: str | BackboneSource, *, pooling: Pooling | None = None, max_length: int | None = None
) -> LoadedBackbone:
    """Load a backbone in float32 and eval mode.

    Args:
        name: a Hub id or a folder, or what `find_backbone` found.
        pooling: instead of what the backbone says of itself (else mean).
        max_length: instead of what the backbone says of itself, in tokens.

    Raises:
        BackboneError: it cannot be found, is no encoder, has no fast tokenizer, or max_length is too long for it.
    """
    source = find_backbone(name) if isinstance(name, str) else name
    sentence = read_sentence_config(source.folder)
    model = _load_model(source)
    backend = _load_tokenizer(source)
    limit = _length_limit(model, int(backend.model_max_length))
    if max_length is not None and max_length > limit:
        raise BackboneError(f"a max_length up to {limit} was expected, was {max_length}", path=source.place)
    config = WindowConfig(
        max_length=max_length or min(sentence.max_length or limit, limit),
        pad_id=int(backend.pad_token_id if backend.pad_token_id is not None else 0),
        lower_case=sentence.lower_case,
    )
    tokenizer = WindowTokenizer(backend.backend_tokenizer, config)
    encoder = Encoder(
        model,
        pooling=pooling or sentence.pooling or Pooling.MEAN,
        normalize=sentence.normalize,
        dense=sentence.dense,
    )
    if sentence.dense and sentence.dense[0].inputs != encoder.dimension:
        wrong = f"a Dense module of {encoder.dimension} numbers was expected, takes {sentence.dense[0].inputs}"
        raise BackboneError(wrong, path=source.place)
    return LoadedBackbone(source, encoder.eval(), tokenizer)


def _combined(pooled: Tensor, texts: Tensor, shares: Tensor | None) -> Tensor:
    """`(N, H)` of texts from `(B, H)` of their windows."""
    weighted = pooled if shares is None else pooled * shares.unsqueeze(1)
    return pooled.new_zeros(int(texts.max()) + 1, pooled.shape[1]).index_add(0, texts, weighted)


@contextmanager
def quiet_transformers() -> Iterator[None]:
    """Errors of transformers only, no warnings."""
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity_error()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)


@quiet_transformers()  # a report of the unused pooler's weights is no news
def _load_model(source: BackboneSource) -> PreTrainedModel:
    transformers_logging.disable_progress_bar()
    try:
        config = AutoConfig.from_pretrained(source.folder, trust_remote_code=False)
        has_encoder = type(config) in MODEL_FOR_TEXT_ENCODING_MAPPING  # of T5, the encoder without its decoder
        if getattr(config, "is_encoder_decoder", False) and not has_encoder:
            raise BackboneError(
                f"an encoder was expected, was an encoder-decoder ({config.model_type})", path=source.place
            )
        model, found = (AutoModelForTextEncoding if has_encoder else AutoModel).from_pretrained(
            source.folder,
            config=config,
            use_safetensors=True,
            trust_remote_code=False,
            dtype=torch.float32,
            output_loading_info=True,
        )
    except (*_DAMAGED, SafetensorError) as error:
        raise BackboneError(f"an encoder of transformers was expected: {_reason(error)}", path=source.place) from error
    missing = sorted(key for key in found["missing_keys"] if "pooler" not in key)
    if missing:  # transformers fills them with random numbers, as for a model that needs code of its own
        raise BackboneError(
            f"the weights of a {config.model_type} were expected, {len(missing)} are missing, such as {missing[0]}",
            path=source.place,
        )
    model.eval()
    try:
        parts_of(model)
        _drop_pooler(model)
        is_causal = _is_causal(model)
    except BackboneError as error:
        raise BackboneError(error.message, path=source.place) from error
    except _DAMAGED as error:  # sizes that fit the weights and not each other
        raise BackboneError(
            f"an encoder that reads a text was expected: {_reason(error)}", path=source.place
        ) from error
    if is_causal:
        raise BackboneError(f"an encoder was expected, {config.model_type} is a decoder", path=source.place)
    return model


def _drop_pooler(model: PreTrainedModel) -> None:
    """Nothing here reads a pooler, so it must neither cost time nor count as parameters."""
    if getattr(model, "pooler", None) is None:
        return
    model.pooler = None
    try:
        _first_state(model, (1, 1))
    except TypeError:  # some models call it without asking whether it is there
        model.pooler = nn.Identity()


def _is_causal(model: PreTrainedModel) -> bool:
    """Whether the state of the first token does not depend on what follows it."""
    return torch.equal(_first_state(model, (2, 3, 2)), _first_state(model, (2, 3, 3)))


def _first_state(model: PreTrainedModel, ids: tuple[int, ...]) -> Tensor:
    tokens = torch.tensor([ids])
    with torch.no_grad():
        state: Tensor = model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state[0, 0]
    return state


def _load_tokenizer(source: BackboneSource) -> PreTrainedTokenizerBase:
    if not any((source.folder / name).is_file() for name in _TOKENIZER_FILES):
        raise BackboneError(f"a tokenizer ({_TOKENIZER_FILES[0]}) was expected, the folder has none", path=source.place)
    try:
        backend = AutoTokenizer.from_pretrained(source.folder, use_fast=True, trust_remote_code=False)
    except Exception as error:
        if not isinstance(error, _DAMAGED) and type(error) is not Exception:  # the library tokenizers has no other
            raise
        raise BackboneError(f"a tokenizer was expected: {_reason(error)}", path=source.place) from error
    if not backend.is_fast:
        raise BackboneError("a fast tokenizer (tokenizer.json) was expected, offsets need it", path=source.place)
    return backend


def _length_limit(model: PreTrainedModel, tokenizer_limit: int) -> int:
    positions = int(getattr(model.config, "max_position_embeddings", 0) or _UNBOUNDED)
    for name, module in model.named_modules():
        if name.endswith("position_embeddings") and isinstance(module, nn.Embedding) and module.padding_idx is not None:
            positions = module.num_embeddings - module.padding_idx - 1  # they begin after the padding index
    limit = min(n for n in (positions, tokenizer_limit) if n > 0)
    return limit if limit < _UNBOUNDED else _PLAIN_MAX_LENGTH


def _reason(error: Exception) -> str:
    text = str(error)
    if "trust_remote_code" in text:
        return "it needs code of its own, which is never run"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return f"{type(error).__name__}: {' '.join(lines[:2])}"[:200] if lines else type(error).__name__
