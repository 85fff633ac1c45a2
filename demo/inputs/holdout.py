"""A seeded fifth of the examples of a task held out for dev; both parts are written as JSONL."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from pathlib import Path

from mtl.data import Example, LabelledText, MultiLabelText, TaggedText, count_labels, write_examples
from mtl.errors import DataError

_SEED = 42
_EVERY = 5


@dataclass(frozen=True, slots=True)
class Split:
    """The two files of a split, and its seed."""

    train: Path
    dev: Path
    seed: int


def hold_out(examples: Sequence[Example], folder: Path) -> Split:
    """Write every fifth example, stratified by label, to `held-out.jsonl` and the others to `kept.jsonl`.

    Of several labels or entities the rarest counts. The only example of a label is kept: else it could not be learned.

    Raises:
        DataError: there are too few examples.
    """
    if len(examples) < _EVERY:
        raise DataError(f"Without a dev file, at least {_EVERY} examples were expected, there are {len(examples)}.")
    shuffled = list(examples)
    random.Random(_SEED).shuffle(shuffled)
    # Sorting keeps the shuffled order within a label, so every fifth example is a random fifth of each label.
    counts = count_labels(examples)
    shuffled.sort(key=lambda example: _stratum(example, counts))
    once = {label for label, count in counts.items() if count == 1}
    is_held = [
        i % _EVERY == _EVERY // 2 and _stratum(example, counts) not in once for i, example in enumerate(shuffled)
    ]
    held = list(compress(shuffled, is_held))
    kept = list(compress(shuffled, (not one for one in is_held)))
    folder.mkdir(parents=True, exist_ok=True)
    return Split(_write(kept, folder / "kept.jsonl"), _write(held, folder / "held-out.jsonl"), _SEED)


def _stratum(example: Example, counts: Mapping[str, int]) -> str:
    if isinstance(example, LabelledText):
        return example.label
    labels = example.labels if isinstance(example, MultiLabelText) else ()
    if isinstance(example, TaggedText):
        labels = tuple(span.label for span in example.char_spans())
    return min(labels, key=lambda label: counts[label], default="")


def _write(examples: Sequence[Example], path: Path) -> Path:
    write_examples(path, examples)
    return path
