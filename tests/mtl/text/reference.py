"""Windows as the tokenizers of transformers make them."""

from dataclasses import dataclass

from transformers import PreTrainedTokenizerBase

from mtl.text import split_sentences

Offsets = list[tuple[int, int]]


@dataclass(frozen=True)
class ReferenceWindow:
    """Tokens and the characters of each in the text; those of a special token are none."""

    ids: list[int]
    offsets: Offsets

    def first_in(self, start: int, end: int) -> int | None:
        """The first token that shares a character with these, found by trying each."""
        return next((i for i, (a, b) in enumerate(self.offsets) if max(a, start) < min(b, end)), None)


@dataclass(frozen=True)
class Reference:
    """A tokenizer of transformers."""

    backend: PreTrainedTokenizerBase

    @property
    def special_count(self) -> int:
        return self.backend.num_special_tokens_to_add()

    def whole(self, text: str) -> ReferenceWindow:
        """All tokens of a text."""
        found = self.backend(text, truncation=False, return_offsets_mapping=True, verbose=False)
        return ReferenceWindow(found["input_ids"], found["offset_mapping"])

    def cut(self, text: str, *, max_length: int) -> ReferenceWindow:
        """The tokens of a text that fit."""
        found = self.backend(text, truncation=True, max_length=max_length, return_offsets_mapping=True)
        return ReferenceWindow(found["input_ids"], found["offset_mapping"])

    def windows(self, text: str, *, max_length: int) -> list[ReferenceWindow]:
        """Windows of which each shares a quarter of its tokens with the next."""
        found = self.backend(
            text,
            truncation=True,
            max_length=max_length,
            stride=(max_length - self.special_count) // 4,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
        )
        pairs = zip(found["input_ids"], found["offset_mapping"], strict=True)
        return [ReferenceWindow(ids, offsets) for ids, offsets in pairs]

    def sentences(self, text: str, *, max_length: int) -> list[ReferenceWindow]:
        """The windows in which words are read: those of each sentence where the text does not fit."""
        windows = self.windows(text, max_length=max_length)
        if len(windows) == 1:
            return windows
        read = []
        for span in split_sentences(text):
            for window in self.windows(text[span.start : span.end], max_length=max_length):
                if any(end for _, end in window.offsets):
                    moved = [(span.start + a, span.start + b) if b else (0, 0) for a, b in window.offsets]
                    read.append(ReferenceWindow(window.ids, moved))
        return read or windows
