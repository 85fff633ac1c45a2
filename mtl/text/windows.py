"""Texts as windows of sub-word tokens that fit into a backbone, without torch or transformers."""

from collections.abc import Iterable, Sequence
from itertools import islice

from pydantic import BaseModel, ConfigDict
from tokenizers import Encoding, Tokenizer

from mtl.recipe.choices import LongTexts
from mtl.text.encoded import EncodedWindows
from mtl.text.pipeline_words import pipeline_words
from mtl.text.sentences import split_sentences
from mtl.text.storing import TextsWriter, in_chunks
from mtl.text.subwords import Subword
from mtl.text.tokenized import TokenizedTexts
from mtl.text.typed_specials import read_specials_as_text
from mtl.text.words import WordOffsets, same_length_lower

_OVERLAP = 0.25  # of a window, shared with the next one


class WindowConfig(BaseModel):
    """What a backbone says of its tokens, beside its `tokenizer.json`; `max_length` counts special tokens too."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    max_length: int
    pad_id: int
    lower_case: bool


class WindowTokenizer:
    """Splits texts into windows; safe to share between threads, since nothing is set after the start.

    Args:
        tokenizer: of the backbone; its padding and truncation are set here.
        config: its limits.
        long_texts: how a text longer than a window is read.
    """

    def __init__(
        self, tokenizer: Tokenizer, config: WindowConfig, *, long_texts: LongTexts = LongTexts.WINDOWS
    ) -> None:
        self.config = config
        self.long_texts = long_texts
        self._tokenizer = tokenizer
        self._whole = long_texts is LongTexts.WINDOWS
        self._specials = tokenizer.num_special_tokens_to_add(False)
        self._shared = int(max(0, config.max_length - self._specials) * _OVERLAP) if self._whole else 0
        tokenizer.no_padding()
        tokenizer.enable_truncation(config.max_length, stride=self._shared)
        read_specials_as_text(tokenizer)
        self._types = any(tokenizer.encode("a").type_ids)
        unknown = getattr(tokenizer.model, "unk_token", None)
        self._unknown = tokenizer.token_to_id(unknown) if unknown else getattr(tokenizer.model, "unk_id", None)

    @property
    def max_length(self) -> int:
        """Most tokens of a window."""
        return self.config.max_length

    def unknown_share(self, text: str) -> float:
        """The share of a text's tokens that are the one for what the backbone does not know, 0 to 1."""
        given = same_length_lower(text) if self.config.lower_case else text
        encoding = self._tokenizer.encode(given, add_special_tokens=False)
        return encoding.ids.count(self._unknown) / max(1, len(encoding.ids)) if self._unknown is not None else 0.0

    def to_json(self) -> str:
        """`tokenizer.json`, as the library `tokenizers` reads it."""
        return self._tokenizer.to_str()

    def with_long_texts(self, long_texts: LongTexts) -> "WindowTokenizer":
        """The same tokenizer with another way to read long texts."""
        if long_texts is self.long_texts:
            return self
        return WindowTokenizer(Tokenizer.from_str(self.to_json()), self.config, long_texts=long_texts)

    def __call__(self, texts: Sequence[str], words: Sequence[WordOffsets] | None = None) -> TokenizedTexts:
        """Tokenise texts, with the tokens of their words where these are given.

        The arrays of a window are made when they are read.
        """
        given = [same_length_lower(text) for text in texts] if self.config.lower_case else list(texts)
        offsets = words is not None or not self._whole
        encode = self._tokenizer.encode_batch if offsets else self._tokenizer.encode_batch_fast  # without offsets
        windows = EncodedWindows(words, types=self._types)
        cut_at: dict[int, int] = {}
        for i, (text, encoding) in enumerate(zip(given, encode(given), strict=True)):
            overflow = encoding.overflowing
            windows.add((encoding, *(overflow if self._whole else ())))
            if overflow and not self._whole:
                cut = _cut_at(text, encoding)
                cut_at |= {i: cut} if cut is not None else {}
            elif overflow and words is not None:
                self._add_sentences(windows, text)
        return windows.texts(cut_at, shared=self._specials + self._shared, pad_id=self.config.pad_id)

    def _add_sentences(self, windows: EncodedWindows, text: str) -> None:
        """Add a window for each sentence of a long text, as far as any has tokens."""
        spans = split_sentences(text)
        encodings = self._tokenizer.encode_batch([text[span.start : span.end] for span in spans])
        found = [
            (part, span.start, part is not encoding)
            for span, encoding in zip(spans, encodings, strict=True)
            for part in (encoding, *encoding.overflowing)
            if any(end for _, end in part.offsets)
        ]
        if found:
            windows.add_sentences(found)

    def count(self, texts: Sequence[str]) -> int:
        """The tokens of all windows of texts, special and shared ones included; no array is made."""
        given = [same_length_lower(text) for text in texts] if self.config.lower_case else list(texts)
        windows = (
            window
            for encoding in self._tokenizer.encode_batch_fast(given)
            for window in (encoding, *(encoding.overflowing if self._whole else ()))
        )
        return sum(map(len, windows))

    def pipeline_words(self, text: str) -> WordOffsets:
        """The words of a text as the pipelines of transformers tell them."""
        given = same_length_lower(text) if self.config.lower_case else text
        encoding = self._tokenizer.encode(given)
        windows = (encoding, *(encoding.overflowing if self._whole else ()))
        return pipeline_words(given, windows, self._tokenizer, unknown=self._unknown)

    def store(self, texts: Iterable[str], words: Iterable[WordOffsets] | None = None) -> TokenizedTexts:
        """As a call, with all windows kept as arrays: far smaller than encodings, for texts that are read often.

        Texts and words are taken a few at a time.

        Raises:
            StorageError: the disk is full.
        """
        writer = TextsWriter()
        offsets = iter(words) if words is not None else None
        for part in in_chunks(texts):
            writer.add(self(part, list(islice(offsets, len(part))) if offsets is not None else None))
        return writer.finish()

    def subwords(self, text: str) -> tuple[Subword, ...]:
        """The tokens of a text, window by window, special tokens included."""
        given = same_length_lower(text) if self.config.lower_case else text
        encoding = self._tokenizer.encode(given)
        return tuple(
            Subword(str(self._tokenizer.id_to_token(token)), *offsets)
            for window in (encoding, *(encoding.overflowing if self._whole else ()))
            for token, offsets in zip(window.ids, window.offsets, strict=True)
        )


def _cut_at(text: str, encoding: Encoding) -> int | None:
    """The first character after the last token, white space left out."""
    read = max((end for _, end in encoding.offsets), default=0)
    rest = text[read:]
    return read + len(rest) - len(rest.lstrip()) if rest.strip() else None
