"""The tokenizer of a model for programs that have the library `tokenizers` alone."""

from tokenizers import Tokenizer, normalizers

from mtl.recipe.choices import LongTexts
from mtl.text.windows import WindowTokenizer


def plain_tokenizer(tokenizer: WindowTokenizer) -> Tokenizer:
    """A copy that cuts a text at the model's maximum, and lower-cases it where the model's reader does."""
    copy = Tokenizer.from_str(tokenizer.with_long_texts(LongTexts.CUT).to_json())
    if tokenizer.config.lower_case:
        copy.normalizer = normalizers.Sequence([normalizers.Lowercase(), *filter(None, [copy.normalizer])])
    return copy
