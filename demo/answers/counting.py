"""Tokens of a model counted by its tokenizer alone, without loading the model."""

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

from mtl.errors import MtlError
from mtl.inference.source import find_model


class FileCounter:
    """Counts as the tokenizer of a file does; without one, each character as a token, which no text exceeds by much.

    Args:
        file: `tokenizer.json` of a backbone.
    """

    def __init__(self, file: Path | None) -> None:
        self._tokenizer = None if file is None else Tokenizer.from_file(str(file))
        if self._tokenizer is not None:
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()

    def count_tokens(self, sentences: Sequence[str]) -> int:
        """The tokens of sentences, special ones included."""
        if self._tokenizer is None:
            return sum(map(len, sentences))
        return sum(map(len, self._tokenizer.encode_batch_fast(list(sentences))))


def tokenizer_file(checkpoint: Path) -> Path | None:
    """The tokenizer of a checkpoint's backbone, or None where it has none in one file."""
    try:
        file = find_model(str(checkpoint)).backbone.folder / "tokenizer.json"
    except MtlError:  # loading the model says what is wrong
        return None
    return file if file.is_file() else None
