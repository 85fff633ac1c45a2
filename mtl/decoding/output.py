"""What is asked of a model, and what one pass gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mtl.decoding.probabilities import Floats
from mtl.decoding.tagging import Decoded
from mtl.text import WordOffsets
from mtl.text.batching import Integers


@dataclass(frozen=True, slots=True)
class Request:
    """Texts to run, with the words of each where tags are wanted."""

    texts: Sequence[str]
    words: Sequence[WordOffsets] | None = None


@dataclass(frozen=True, slots=True)
class ModelOutput:
    """Of N texts: embeddings `(N, H)`, by task the class probabilities `(N, C)` and the tags of the words.

    Those of a text add up to 1, but for a multi-label task.

    `tokens` and `windows` `(N,)` count what was read of each text. `cut_at` has the offset of the first character that
    was cut, for texts that were.
    """

    embeddings: Floats
    classes: Mapping[str, Floats]
    tags: Mapping[str, list[Decoded]]
    tokens: Integers
    windows: Integers
    cut_at: Mapping[int, int]

    def part(self, begin: int, end: int) -> "ModelOutput":
        """The texts from `begin` to `end`."""
        return ModelOutput(
            self.embeddings[begin:end],
            {name: rows[begin:end] for name, rows in self.classes.items()},
            {name: rows[begin:end] for name, rows in self.tags.items()},
            self.tokens[begin:end],
            self.windows[begin:end],
            {text - begin: cut for text, cut in self.cut_at.items() if begin <= text < end},
        )
