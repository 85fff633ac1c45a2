"""Special tokens that somebody typed, such as `[CLS]` or `</s>`, read as the text that they are."""

import re

from tokenizers import Regex, Tokenizer, pre_tokenizers


def read_specials_as_text(tokenizer: Tokenizer) -> None:
    """Make a tokenizer read its special tokens as text where they stand in a text; what it adds itself stays."""
    tokenizer.encode_special_tokens = True
    contents = [token.content for token in tokenizer.get_added_tokens_decoder().values() if token.special]
    pieces = [content for content in contents if _is_still_special(tokenizer, content)]
    if pieces:  # a unigram model has them among its pieces: cut behind their first character, they are none
        begins = "|".join(f"{re.escape(piece[0])}(?={re.escape(piece[1:])})" for piece in pieces)
        cut = pre_tokenizers.Split(Regex(begins), "isolated")
        before = tokenizer.pre_tokenizer
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([before, cut]) if before is not None else cut


def _is_still_special(tokenizer: Tokenizer, content: str) -> bool:
    return (
        len(content) > 1 and tokenizer.token_to_id(content) in tokenizer.encode(content, add_special_tokens=False).ids
    )
