"""What a pass may cost, in tokens of the model that makes it, checked before it begins."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from demo.settings import Settings
from mtl.errors import InputError

MOST_CHARACTERS = 100_000
"""Of texts that are tokenised or run together: a share of a second."""


class TokenCounter(Protocol):
    """The part of a model that counts."""

    def count_tokens(self, sentences: Sequence[str]) -> int:
        """The tokens that the model would read."""


def need_typed(model: TokenCounter, texts: Sequence[str], settings: Settings) -> None:
    """Refuse typed texts that cost too much.

    Raises:
        InputError: they have too many tokens.
    """
    _need(model, texts, settings.max_tokens, "at once")


def need_file(model: TokenCounter, texts: Sequence[str], settings: Settings) -> None:
    """Refuse the texts of a file, or of many corrections, that cost too much.

    Raises:
        InputError: they have too many tokens, or one has too many characters.
    """
    longest = max(map(len, texts), default=0)
    if longest > settings.max_text_characters:
        raise InputError(
            f"Texts of at most {settings.max_text_characters:,} characters were expected, one has {longest:,}."
        )
    _need(model, texts, settings.max_file_tokens, "in a file")


def chunks(texts: Sequence[str], most: int) -> Iterator[Sequence[str]]:
    """The texts in chunks of so many, or fewer where they are long; a text longer than a chunk is one by itself."""
    begin = size = 0
    for end, text in enumerate(texts):
        if end > begin and (end - begin == most or size + len(text) > MOST_CHARACTERS):
            yield texts[begin:end]
            begin, size = end, 0
        size += len(text)
    if begin < len(texts):
        yield texts[begin:]


def _need(model: TokenCounter, texts: Sequence[str], most: int, where: str) -> None:
    count = done = 0
    for part in chunks(texts, len(texts)):
        count, done = count + model.count_tokens(part), done + len(part)
        if count > most:
            all_read = done == len(texts)
            came = f"were {count:,}" if all_read else f"the first {done:,} of {len(texts):,} texts have {count:,}"
            raise InputError(f"At most {most:,} tokens {where} were expected, {came}.")
