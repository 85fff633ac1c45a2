"""One BIO tag for each word, from its first sub-word; linear or CRF. `mtl.decoding` decodes both to legal BIO."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mtl.encoder import Encoded
from mtl.heads import crf
from mtl.heads.layers import Dropout, LayerMix, OneLayer, hidden_layers
from mtl.labels import ILLEGAL, TagSet
from mtl.recipe.choices import Decoder
from mtl.recipe.tasks import HeadConfig


class TaggingHead(nn.Module):
    """Tag scores from word states.

    Args:
        config: the head's shape.
        size: H, a hidden state's.
        tags: the L tags.
        states: K, the states of a token that the head may read.
    """

    def __init__(self, config: HeadConfig, *, size: int, tags: TagSet, states: int = 1) -> None:
        super().__init__()
        self.mix: LayerMix | OneLayer | None = None
        if config.layers == "mix":
            self.mix = LayerMix(states)
        elif isinstance(config.layers, int):
            self.mix = OneLayer(config.layers, states)
        sizes = config.hidden or ()
        self.dropout = Dropout(config.dropout)
        self.hidden = hidden_layers(size, sizes, config)
        self.output = nn.Linear(sizes[-1] if sizes else size, len(tags.tags))
        self.is_crf = config.decoder is Decoder.CRF
        self.label_smoothing = config.label_smoothing
        if self.is_crf:
            self.transitions = nn.Parameter(torch.zeros(len(tags.tags), len(tags.tags)))
            self.starts = nn.Parameter(torch.zeros(len(tags.tags)))
            legal, starts = torch.from_numpy(tags.legal_transitions()), torch.from_numpy(tags.legal_starts())
            self.register_buffer("_illegal", (~legal).float() * ILLEGAL, persistent=False)
            self.register_buffer("_illegal_starts", (~starts).float() * ILLEGAL, persistent=False)

    def forward(self, hidden: Tensor, first_tokens: Tensor) -> Tensor:
        """Emissions `(B, W, L)` float32 from what the head reads and the first token of each word `(B, W)`."""
        rows = torch.arange(hidden.shape[0], device=hidden.device).unsqueeze(1)
        return self.scores(hidden[rows, first_tokens])

    def scores(self, states: Tensor) -> Tensor:
        """Emissions `(…, L)` float32 from what the head reads of single tokens, `(…, H)` or `(…, K, H)`."""
        states = states if self.mix is None else self.mix(states)
        emissions: Tensor = self.output(self.hidden(self.dropout(states)))
        return emissions.float()

    def reads(self, encoded: Encoded) -> Tensor:
        """The last hidden states `(B, T, H)`, or those of all layers `(B, T, K, H)` where the head reads others."""
        if self.mix is None:
            return encoded.hidden
        assert encoded.layers is not None
        return encoded.layers

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor, sentences: Tensor | None = None) -> Tensor:
        """Mean over the words of the mask, in nats.

        Args:
            emissions: `(B, W, L)`.
            tags: `(B, W)`; -100 marks a tag that the head lacks: linear skips such a word, a CRF reads it as `O`.
            mask: `(B, W)`.
            sentences: `(S, W)`, the words of sentences for a CRF, which may go on over several windows: positions in
                the flattened `B * W`, -1 after the end of a sentence. None where each window is a sentence.
        """
        if not emissions.shape[1]:
            return emissions.sum() * 0.0
        if self.is_crf:
            if sentences is not None:
                at, mask = sentences.clamp(min=0), sentences >= 0
                emissions, tags = emissions.flatten(0, 1)[at], tags.flatten()[at]
            total = crf.negative_log_likelihood(emissions, tags.clamp(min=0), mask, *self._scores())
            return total / mask.sum().clamp(min=1)
        wanted = tags.masked_fill(~mask, -100)
        if bool((wanted == -100).all()):
            return emissions.sum() * 0.0
        smoothing = self.label_smoothing if self.training else 0.0
        return cross_entropy(emissions.flatten(0, 1), wanted.flatten(), label_smoothing=smoothing)

    def _scores(self) -> tuple[Tensor, Tensor]:
        return self.transitions + self._illegal, self.starts + self._illegal_starts  # type: ignore[operator]
