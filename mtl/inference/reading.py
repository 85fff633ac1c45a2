"""Texts as the backbone reads them: windows of sub-word tokens, without torch or transformers."""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pydantic import BaseModel, ConfigDict
from tokenizers import Encoding, Tokenizer

from mtl.text import Span, same_length_lower, split_sentences

_OVERLAP = 0.25  # of a window, shared with its neighbour


class ReaderConfig(BaseModel):
    """What a backbone says of its tokens, beside its `tokenizer.json`; `max_length` counts special tokens too."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    max_length: int
    pad_id: int
    lower_case: bool


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of a text that fits into the backbone.

    `own` counts the tokens that no other window counts, `begin` is where in the text its characters begin; `follows`
    says that a sentence goes on from the last one. Lists are made of the encoding when they are asked for, which a pass
    does while the batch before is running.
    """

    encoding: Encoding
    own: int
    begin: int = 0
    follows: bool = False

    def __len__(self) -> int:
        return len(self.encoding)

    @property
    def ids(self) -> list[int]:
        """Of the tokens."""
        return self.encoding.ids

    @property
    def type_ids(self) -> list[int]:
        """The segment of each token."""
        return self.encoding.type_ids

    @property
    def offsets(self) -> list[tuple[int, int]]:
        """The characters of each token, `(0, 0)` for special ones; they mean nothing where nobody asked for them."""
        return _moved(self.encoding.offsets, self.begin) if self.begin else self.encoding.offsets


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text in windows; `cut_at` is the offset of the first character that none of them holds, or None.

    `sentences` are further windows, in which the words of a long text are read: taggers learn on sentences and lose
    much on passages. Where there are none, words are read in `windows`.
    """

    windows: tuple[Window, ...]
    cut_at: int | None
    sentences: tuple[Window, ...] = ()

    @property
    def tokens(self) -> int:
        """Sub-word tokens, special ones included, what windows share counted once."""
        return sum(window.own for window in self.windows)


class Reader:
    """Reads texts; safe to share between threads, since nothing is set after the start.

    Args:
        tokenizer: of the backbone; its padding and truncation are set here.
        config: its limits.
        whole: whether a text longer than a window is read in several, or cut.
    """

    def __init__(self, tokenizer: Tokenizer, config: ReaderConfig, *, whole: bool = True) -> None:
        self.config = config
        self.whole = whole
        self._tokenizer = tokenizer
        self._specials = tokenizer.num_special_tokens_to_add(False)
        self._shared = int(max(0, config.max_length - self._specials) * _OVERLAP) if whole else 0
        tokenizer.no_padding()
        tokenizer.enable_truncation(config.max_length, stride=self._shared)

    def __call__(self, texts: Sequence[str], *, offsets: bool) -> list[ReadText]:
        """Read texts; offsets cost time, so they come only where asked for."""
        given = [same_length_lower(text) for text in texts] if self.config.lower_case else list(texts)
        if offsets or not self.whole:
            encodings = self._tokenizer.encode_batch(given)
        else:
            encodings = self._tokenizer.encode_batch_fast(given)
        return [self._read(text, encoding, offsets=offsets) for text, encoding in zip(given, encodings, strict=True)]

    def pieces(self, ids: Sequence[int]) -> list[str]:
        """The names of tokens in the vocabulary."""
        return [str(self._tokenizer.id_to_token(token)) for token in ids]

    def _read(self, text: str, encoding: Encoding, *, offsets: bool) -> ReadText:
        rest = encoding.overflowing
        first = Window(encoding, len(encoding))
        if not rest:
            return ReadText((first,), None)
        if not self.whole:
            return ReadText((first,), _cut_at(text, first.offsets))
        shared = self._specials + self._shared
        more = (Window(e, max(1, len(e) - shared)) for e in rest)
        return ReadText((first, *more), None, self._sentences(text) if offsets else ())

    def _sentences(self, text: str) -> tuple[Window, ...]:
        spans = split_sentences(text)
        encodings = self._tokenizer.encode_batch([text[span.start : span.end] for span in spans])
        return tuple(
            Window(part, 0, begin=span.start, follows=part is not encoding)
            for span, encoding in zip(spans, encodings, strict=True)
            for part in (encoding, *encoding.overflowing)
            if any(end for _, end in part.offsets)
        )


@dataclass(frozen=True, slots=True)
class PlacedWords:
    """Where the words of a text are read: the window (or sentence) of each, and its first token there.

    Words that no window holds stand at the end and are left out. `breaks` are the positions of words at which a
    sentence begins that was read by itself, so that no entity goes on there.
    """

    windows: list[int]
    tokens: list[int]
    breaks: list[int]


def place_words(text: ReadText, words: Sequence[Span]) -> PlacedWords:
    """Find the first token of each word, in the window where it has most company on both sides.

    A word that the tokenizer dropped (a control character) gets its neighbour's token.
    """
    starts = [word.start for word in words]
    places = text.sentences or text.windows
    seams = [bisect_left(starts, seam) for seam in _seams(places)]
    windows: list[int] = []
    tokens: list[int] = []
    breaks = [seam for seam, place in zip(seams, text.sentences[1:], strict=False) if not place.follows]
    for number, (begin, end) in enumerate(pairwise([0, *seams, len(words)])):
        tokens += first_tokens(places[number].offsets, words[begin:end])
        windows += [number] * (end - begin)
    known = [i for i, token in enumerate(tokens) if token >= 0]
    if len(known) < len(tokens):
        _bridge(windows, tokens, known)
    count = known[-1] + 1 if known else 0
    return PlacedWords(windows[:count], tokens[:count], [position for position in breaks if position < count])


def first_tokens(offsets: Sequence[tuple[int, int]], words: Sequence[Span]) -> list[int]:
    """For each word the first token that overlaps it, -1 where there is none; words are in order, tokens too."""
    result: list[int] = []
    token, count = 0, len(offsets)
    for word in words:
        start = word.start
        while token < count and (offsets[token][1] <= start or offsets[token][0] == offsets[token][1]):
            token += 1
        result.append(token if token < count and offsets[token][0] < word.end else -1)
    return result


def _bridge(windows: list[int], tokens: list[int], known: Sequence[int]) -> None:
    if not known:
        return
    previous = known[0]
    for i in range(known[-1]):
        previous = i if tokens[i] >= 0 else previous
        windows[i], tokens[i] = windows[previous], tokens[previous]


def _moved(offsets: Sequence[tuple[int, int]], by: int) -> list[tuple[int, int]]:
    return [(start + by, end + by) if end > start else (0, 0) for start, end in offsets]


def _seams(windows: Sequence[Window]) -> list[int]:
    """The offset in the middle of each overlap or gap: words before it belong to the earlier window."""
    return [(_end(before) + _start(after)) // 2 for before, after in pairwise(windows)]


def _start(window: Window) -> int:
    return next((start for start, end in window.offsets if end > start), 0)


def _end(window: Window) -> int:
    return max(end for _, end in window.offsets)


def _cut_at(text: str, offsets: Sequence[tuple[int, int]]) -> int | None:
    read = max((end for _, end in offsets), default=0)
    rest = text[read:]
    return read + len(rest) - len(rest.lstrip()) if rest.strip() else None
