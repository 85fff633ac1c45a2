"""`transformers`: a folder for each task, for the pipelines of text and of token classification."""

from mtl.exports.pipelines.folders import write

__all__ = ["write"]
