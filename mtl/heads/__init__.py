"""One module a kind of task."""

from mtl.heads.classification import ClassificationHead
from mtl.heads.layers import hidden_layers
from mtl.heads.similarity import SimilarityHead
from mtl.heads.tagging import TaggingHead

__all__ = ["ClassificationHead", "SimilarityHead", "TaggingHead", "hidden_layers"]
