"""One BIO tag a word, from its first sub-word; linear or CRF, both decoded to legal BIO only."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from mtl.encoder import Encoded
from mtl.heads import crf
from mtl.heads.layers import Dropout, LayerMix, hidden_layers
from mtl.labels import TagSet
from mtl.recipe.choices import Decoder
from mtl.recipe.schema import HeadConfig


class TaggingHead(nn.Module):
    """Tag scores from word states.

    Args:
        config: the head's shape.
        size: H, a hidden state's.
        tags: the L tags.
        states: K, the states of a token that the head may mix.
    """

    def __init__(self, config: HeadConfig, *, size: int, tags: TagSet, states: int = 1) -> None:
        super().__init__()
        self.mix = LayerMix(states) if config.layers == "mix" else None
        sizes = config.hidden or ()
        self.dropout = Dropout(config.dropout)
        self.hidden = hidden_layers(size, sizes, activation=config.activation, dropout=config.dropout)
        self.output = nn.Linear(sizes[-1] if sizes else size, len(tags.tags))
        self.is_crf = config.decoder is Decoder.CRF
        self.label_smoothing = config.label_smoothing
        if self.is_crf:
            self.transitions = nn.Parameter(torch.zeros(len(tags.tags), len(tags.tags)))
            self.starts = nn.Parameter(torch.zeros(len(tags.tags)))
        legal = torch.from_numpy(tags.legal_transitions())
        self.register_buffer("_illegal", (~legal).float() * crf.ILLEGAL, persistent=False)
        starts = torch.from_numpy(tags.legal_starts())
        self.register_buffer("_illegal_starts", (~starts).float() * crf.ILLEGAL, persistent=False)

    def forward(self, hidden: Tensor, first_tokens: Tensor) -> Tensor:
        """Emissions `(B, W, L)` float32 from what the head reads and the first token of each word `(B, W)`."""
        rows = torch.arange(hidden.shape[0], device=hidden.device).unsqueeze(1)
        words = hidden[rows, first_tokens]
        words = words if self.mix is None else self.mix(words)
        emissions: Tensor = self.output(self.hidden(self.dropout(words)))
        return emissions.float()

    def reads(self, encoded: Encoded) -> Tensor:
        """The last hidden states `(B, T, H)`, or those of all layers `(B, T, K, H)` where the head mixes them."""
        if self.mix is None:
            return encoded.hidden
        assert encoded.layers is not None
        return encoded.layers

    def loss(self, emissions: Tensor, tags: Tensor, mask: Tensor) -> Tensor:
        """Mean over the words of the mask; `tags` is `(B, W)`.

        -100 marks a tag that the head lacks: linear skips such a word, a CRF reads it as `O`.
        """
        words = mask.sum().clamp(min=1)
        if self.is_crf:
            total = crf.negative_log_likelihood(emissions, tags.clamp(min=0), mask, *self._scores())
            return total / words
        wanted = tags.masked_fill(~mask, -100)
        if bool((wanted == -100).all()):
            return emissions.sum() * 0.0
        smoothing = self.label_smoothing if self.training else 0.0
        return cross_entropy(emissions.flatten(0, 1), wanted.flatten(), label_smoothing=smoothing)

    def decode(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """The best legal tags `(B, W)`; 0 outside the mask."""
        transitions, starts = self._scores()
        if not self.is_crf:
            best = emissions.argmax(dim=-1) * mask
            if self._is_legal(best, mask):
                return best
            emissions = torch.log_softmax(emissions, dim=-1)
        return crf.viterbi(emissions, mask, transitions, starts)

    def probabilities(self, emissions: Tensor, mask: Tensor) -> Tensor:
        """Probability of each tag `(B, W, L)`: softmax, or the marginals of a CRF."""
        return crf.marginals(emissions, mask, *self._scores()) if self.is_crf else torch.softmax(emissions, dim=-1)

    def _scores(self) -> tuple[Tensor, Tensor]:
        if not self.is_crf:
            return self._illegal, self._illegal_starts  # type: ignore[return-value]
        return self.transitions + self._illegal, self.starts + self._illegal_starts  # type: ignore[operator]

    def _is_legal(self, tags: Tensor, mask: Tensor) -> bool:
        pairs = self._illegal[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]  # type: ignore[index]
        first = self._illegal_starts[tags[:, :1]] * mask[:, :1]  # type: ignore[index]
        return bool((pairs == 0).all() and (first == 0).all())
