"""Words as the pipelines of transformers tell them from tokens (`TokenClassificationPipeline.gather_pre_entities`)."""

from collections.abc import Iterable

import numpy as np
from tokenizers import Encoding, Tokenizer

from mtl.text.words import WordOffsets


def pipeline_words(text: str, windows: Iterable[Encoding], tokenizer: Tokenizer, *, unknown: int | None) -> WordOffsets:
    """The words of a text, in order and disjoint; where tokens begin with the blank before them, words do too.

    A token of a tokenizer that marks the pieces inside of words goes on with a word where its name is longer or shorter
    than its characters; any other token where no blank stands before or at its first character. The token for what is
    unknown always begins a word.

    Args:
        text: what was tokenised.
        windows: its tokens; what a window shares with the one before counts once.
        tokenizer: whose they are.
        unknown: the id of the token for what is unknown.
    """
    marks = bool(getattr(tokenizer.model, "continuing_subword_prefix", None))
    words: list[list[int]] = []
    last = 0
    for window in windows:
        for token, (start, end), special in zip(window.ids, window.offsets, window.special_tokens_mask, strict=True):
            if special or start < last:
                continue
            last = max(last, end)
            goes_on = (
                len(str(tokenizer.id_to_token(token))) != end - start
                if marks
                else start > 0 and " " not in text[start - 1 : start + 1]
            )
            if words and goes_on and token != unknown:
                words[-1][1] = end
            else:
                words.append([start, end])
    return np.array([word for word in words if word[0] < word[1]], dtype=np.int64).reshape(-1, 2)
