"""The classifiers of texts that transformers has: a hidden and an output layer on the state of the first token."""

from dataclasses import dataclass

from mtl.recipe.choices import Activation


@dataclass(frozen=True)
class StockHead:
    """The names of its two linear maps, and the activation between them: None where the configuration chooses it."""

    dense: str
    output: str
    activation: Activation | None = None
    norm: str | None = None
    """The name of a layer norm between them."""

    def has(self, activation: Activation | None) -> bool:
        """Whether its hidden layer can have this activation."""
        return self.activation in (None, activation)


_LIKE_ROBERTA = StockHead("classifier.dense", "classifier.out_proj", Activation.TANH)
STOCK_HEADS = {
    "bert": StockHead("bert.pooler.dense", "classifier", Activation.TANH),
    "distilbert": StockHead("pre_classifier", "classifier", Activation.RELU),
    "roberta": _LIKE_ROBERTA,
    "xlm-roberta": _LIKE_ROBERTA,
    "camembert": _LIKE_ROBERTA,
    "mpnet": _LIKE_ROBERTA,
    "electra": StockHead("classifier.dense", "classifier.out_proj", Activation.GELU),
    "albert": StockHead("albert.pooler", "classifier", Activation.TANH),
    "deberta": StockHead("pooler.dense", "classifier"),
    "deberta-v2": StockHead("pooler.dense", "classifier"),
}
"""By `model_type`: of texts. ModernBERT has the same head for texts and for tokens."""
MODERNBERT = StockHead("head.dense", "classifier", norm="head.norm")
