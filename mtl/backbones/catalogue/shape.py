"""The architecture of an encoder in numbers, and what follows from them: parameters, and the cost of a pass."""

from dataclasses import dataclass
from enum import StrEnum

COST_LENGTH = 128
"""Tokens of a text for which costs are compared; attention costs more in longer ones."""
_GLOBAL_EVERY = 3  # of ModernBERT, arXiv:2412.13663, section 2.1: every third layer attends to the whole text
_LOCAL_WINDOW = 128  # tokens to which its other layers attend
_BUCKETS = 256  # relative distances to each side in DeBERTa-v3
_MPNET_BUCKETS = 32  # relative distances in MPNet


class ModelType(StrEnum):
    """Architectures by their names in transformers."""

    BERT = "bert"
    ROBERTA = "roberta"
    XLM_ROBERTA = "xlm-roberta"
    DISTILBERT = "distilbert"
    MPNET = "mpnet"
    MODERNBERT = "modernbert"
    DEBERTA = "deberta-v2"


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes as in the `config.json` of a model; `positions` and `types` are rows of embeddings, 0 for none."""

    type: ModelType
    layers: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int
    positions: int = 0
    types: int = 0

    def __post_init__(self) -> None:
        """Check the sizes.

        Raises:
            ValueError: a size is not positive, or the hidden size is no multiple of the heads.
        """
        sizes = (self.layers, self.hidden, self.intermediate, self.heads, self.vocabulary)
        if min(sizes) < 1 or min(self.positions, self.types) < 0 or self.hidden % self.heads:
            raise ValueError(f"positive sizes and a hidden size that the heads divide were expected, was {self}")

    @property
    def embedding_parameters(self) -> int:
        """Parameters below the first layer, with those that all layers share."""
        norm = self.hidden if self.type is ModelType.MODERNBERT else 2 * self.hidden
        rows = self.vocabulary + self.positions + self.types
        return rows * self.hidden + norm + self._shared_parameters

    @property
    def layer_parameters(self) -> int:
        """Parameters of one layer; the first layer of ModernBERT has one normalisation less."""
        if self.type is ModelType.MODERNBERT:  # no biases; the gate doubles the first map of the feed-forward part
            return self._layer_matrices + 2 * self.hidden
        biases = 4 * self.hidden + self.intermediate + self.hidden
        return self._layer_matrices + biases + 4 * self.hidden

    @property
    def parameters(self) -> int:
        """Parameters of the encoder as it is trained here: without pooler, language-model head or classifier."""
        # The first layer of ModernBERT has no normalisation before attention; one follows the last layer.
        return self.embedding_parameters + self.layers * self.layer_parameters

    def multiplications(self, length: int) -> float:
        """Multiplications of a pass for each token of a text with `length` tokens; look-ups and norms are left out."""
        return self.layers * self._layer_matrices + self._attention(length)

    @property
    def _layer_matrices(self) -> int:
        maps = 3 if self.type is ModelType.MODERNBERT else 2
        return 4 * self.hidden**2 + maps * self.hidden * self.intermediate

    @property
    def _shared_parameters(self) -> int:
        if self.type is ModelType.DEBERTA:  # embeddings of relative distances, and their normalisation
            return 2 * _BUCKETS * self.hidden + 2 * self.hidden
        return _MPNET_BUCKETS * self.heads if self.type is ModelType.MPNET else 0

    def _attention(self, length: int) -> float:
        """Scores and weighted sums; DeBERTa (arXiv:2006.03654, section 3.1) adds two scores of relative distances."""
        whole = 2 * length * self.hidden
        if self.type is ModelType.MODERNBERT:
            local = 2 * min(length, _LOCAL_WINDOW) * self.hidden
            globals_ = -(-self.layers // _GLOBAL_EVERY)
            return globals_ * whole + (self.layers - globals_) * local
        if self.type is ModelType.DEBERTA:
            distances = 2 * _BUCKETS
            maps = 2 * distances * self.hidden**2 / length  # keys and queries of distances, once a text
            return self.layers * (whole + 2 * distances * self.hidden + maps)
        return float(self.layers * whole)
