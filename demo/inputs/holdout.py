"""A seeded fifth of the examples of a task held out for dev; both parts are written as JSONL."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from pathlib import Path

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, write_examples
from mtl.data.examples import texts_of
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

    Of several labels or entities the rarest counts. Every label stays among the kept ones. Equal texts stay together,
    so that nothing is measured on a text that trains. So do pairs with the same first sentence, and a hard negative is
    where its sentence is: every fifth sentence is held out, of those with a partner and of the others. At least one
    pair that belongs together is kept.

    Raises:
        DataError: there are too few examples, or no label has a second one.
    """
    different = len(set(map(texts_of, examples)))
    if different < _EVERY:
        noun = "examples" if different == len(examples) else "different examples"
        raise DataError(f"Without a dev file, at least {_EVERY} {noun} were expected, there are {different}.")
    shuffled = list(examples)
    random.Random(_SEED).shuffle(shuffled)
    # Sorting keeps the shuffled order within a label, so every fifth example is a random fifth of each label.
    counts = Counter(chain.from_iterable(map(_labels, examples)))
    shuffled.sort(key=lambda example: _stratum(example, counts))
    held, kept = _every_fifth(shuffled, _units(shuffled))
    known = {label for example in kept for label in _needed(example)}
    for example in [one for one in held if not known.issuperset(_needed(one))]:
        if not known.issuperset(_needed(example)):
            together = [one for one in held if one is example or _is_of_same_unit(one, example)]
            moved = set(map(id, together))  # equal examples are several
            held = [one for one in held if id(one) not in moved]
            kept += together
            known.update(chain.from_iterable(map(_needed, together)))
    if not held:
        raise DataError("Without a dev file, labels with two examples or more were expected; each has only one.")
    folder.mkdir(parents=True, exist_ok=True)
    return Split(_write(kept, folder / "kept.jsonl"), _write(held, folder / "held-out.jsonl"), _SEED)


def _units(examples: Sequence[Example]) -> Sequence[int]:
    """The number of the unit that each example is held out with: of its text, or of the first sentence of a pair."""
    if not isinstance(examples[0], ScoredPair):
        texts = [texts_of(example) for example in examples]
        numbers = {text: number for number, text in enumerate(dict.fromkeys(texts))}
        return [numbers[text] for text in texts]
    pairs = [example for example in examples if isinstance(example, ScoredPair)]
    firsts = [pair.sentence1 for pair in pairs]
    with_partner = [pair.sentence1 for pair in pairs if pair.is_positive]
    places = {text: place for place, text in enumerate(dict.fromkeys([*with_partner, *firsts]))}
    return [places[text] for text in firsts] if len(places) >= _EVERY else range(len(examples))


def _is_of_same_unit(one: Example, other: Example) -> bool:
    return texts_of(one)[0] == texts_of(other)[0]


def _every_fifth(examples: Sequence[Example], units: Sequence[int]) -> tuple[list[Example], list[Example]]:
    is_held = [unit % _EVERY == _EVERY // 2 for unit in units]
    return list(compress(examples, is_held)), list(compress(examples, (not one for one in is_held)))


def _stratum(example: Example, counts: Mapping[str, int]) -> str:
    return min(_labels(example), key=lambda label: counts[label], default="")


def _needed(example: Example) -> tuple[str, ...]:
    """What has to be among the kept examples: every label, and of pairs one that belongs together."""
    return _labels(example) if not isinstance(example, ScoredPair) or example.is_positive else ()


def _labels(example: Example) -> tuple[str, ...]:
    if isinstance(example, LabelledText):
        return (example.label,)
    if isinstance(example, MultiLabelText):
        return example.labels
    if isinstance(example, ScoredPair):
        return ("same" if example.is_positive else "different",)
    return tuple(span.label for span in example.char_spans())


def _write(examples: Sequence[Example], path: Path) -> Path:
    write_examples(path, examples)
    return path
