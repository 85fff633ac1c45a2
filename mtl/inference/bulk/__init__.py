"""Files of any size through an engine."""

from mtl.inference.bulk.files import FileResult, run_file
from mtl.inference.bulk.formats import (
    EmbeddingArray,
    EmbeddingTable,
    OutputFormat,
    PredictionLines,
    PredictionTable,
)

__all__ = [
    "EmbeddingArray",
    "EmbeddingTable",
    "FileResult",
    "OutputFormat",
    "PredictionLines",
    "PredictionTable",
    "run_file",
]
