"""Texts as a model reads them: words, sentences, windows of sub-word tokens, batches."""

from mtl.text.detokenizing import detokenize, placed
from mtl.text.sentences import split_sentences
from mtl.text.splitting import SplitWords, handles, split_words
from mtl.text.words import Span, WordedText, WordOffsets, clean, word_offsets

__all__ = [
    "Span",
    "SplitWords",
    "WordOffsets",
    "WordedText",
    "clean",
    "detokenize",
    "handles",
    "placed",
    "split_sentences",
    "split_words",
    "word_offsets",
]
