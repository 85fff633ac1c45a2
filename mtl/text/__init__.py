"""Texts as a model reads them: words, sentences, windows of sub-word tokens, batches."""

from mtl.text.sentences import split_sentences
from mtl.text.words import Span, SplitWords, WordedText, WordOffsets, clean, detokenize, split_words, word_offsets

__all__ = [
    "Span",
    "SplitWords",
    "WordOffsets",
    "WordedText",
    "clean",
    "detokenize",
    "split_sentences",
    "split_words",
    "word_offsets",
]
