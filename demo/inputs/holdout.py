"""A seeded fifth of the examples of a task held out for dev; both parts are written as JSONL."""

import random
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from operator import not_
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
    so that nothing is measured on a text that trains. So do pairs that a chain of common sentences connects, up to a
    fifth of all; of more, those with the same first sentence; of more again, the same two sentences. A hard negative is
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
    units = _units(shuffled)
    is_held = [unit % _EVERY == _EVERY // 2 for unit in units]
    places: dict[int, list[int]] = {}
    for place, unit in enumerate(units):
        places.setdefault(unit, []).append(place)
    known = {label for example in compress(shuffled, map(not_, is_held)) for label in _needed(example)}
    for example, unit in zip(shuffled, units, strict=True):
        if unit % _EVERY == _EVERY // 2 and not known.issuperset(_needed(example)):
            for place in places[unit]:
                is_held[place] = False
                known.update(_needed(shuffled[place]))
    held, kept = list(compress(shuffled, is_held)), list(compress(shuffled, map(not_, is_held)))
    if not held:
        raise DataError("Without a dev file, labels with two examples or more were expected; each has only one.")
    folder.mkdir(parents=True, exist_ok=True)
    return Split(_write(kept, folder / "kept.jsonl"), _write(held, folder / "held-out.jsonl"), _SEED)


def _units(examples: Sequence[Example]) -> Sequence[int]:
    """The number of the unit that each example is held out with: of its text, or of a group of pairs."""
    texts = [texts_of(example) for example in examples]
    if not isinstance(examples[0], ScoredPair):
        return _numbered(texts, texts)
    groups = _groups(texts)
    with_partner = [group for group, example in zip(groups, examples, strict=True) if _needed(example)]
    return _numbered(groups, [*with_partner, *groups])


def _groups(texts: Sequence[tuple[str, ...]]) -> Sequence[Hashable]:
    """The group of each pair: its connected part, else its first sentence, else its two sentences.

    It is the first of these that has at most a fifth of all pairs, where that leaves enough groups.
    """
    known = set(texts)
    firsts = [min(pair) if pair[::-1] in known else pair[0] for pair in texts]  # one, where it is there in both orders
    kinds: list[Sequence[Hashable]] = [_connected(texts), firsts, [*map(frozenset, texts)]]
    most = max(_EVERY, len(texts) // _EVERY)
    sizes = [Counter(kind) for kind in kinds]
    for finest in range(len(kinds)):
        allowed = range(finest, len(kinds))
        groups = [
            next((k, kinds[k][i]) for k in allowed if sizes[k][kinds[k][i]] <= most or k == allowed[-1])
            for i in range(len(texts))
        ]
        if len(set(groups)) >= _EVERY:
            break
    return groups


def _numbered(groups: Sequence[Hashable], order: Sequence[Hashable]) -> list[int]:
    """The place of each group in an order of all."""
    places = {group: place for place, group in enumerate(dict.fromkeys(order))}
    return [places[group] for group in groups]


def _connected(texts: Sequence[tuple[str, ...]]) -> list[str]:
    """A text of the part that each pair belongs to, where pairs with a common sentence are connected.

    A union-find: the process that reads files has no SciPy.
    """
    above: dict[str, str] = {}

    def top(text: str) -> str:
        while (one := above.setdefault(text, text)) != text:
            above[text] = text = above[one]
        return text

    for first, *others in texts:
        for other in others:
            above[top(other)] = top(first)
    return [top(first) for first, *_ in texts]


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
