"""Which tasks label the same texts, told by hashes of the texts, so that few of them are in memory."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtl.data import Example, TaggedText, texts_of
from mtl.data.keys import Keys, hashes
from mtl.recipe.choices import TaskKind, WordSplitting
from mtl.task import TaskInfo
from mtl.text.batching import Integers


@dataclass(frozen=True)
class Ordered:
    """Examples in another order `(E,)`, or in their own where it is None."""

    examples: Sequence[Example]
    order: Integers | None = None

    def __iter__(self) -> Iterator[Example]:
        return iter(self.examples) if self.order is None else (self.examples[i] for i in self.order.tolist())


def grouped(
    tasks: Mapping[str, TaskInfo],
    examples: Mapping[str, Sequence[Example]],
    *,
    joint: bool,
    words: WordSplitting = WordSplitting.CHARACTERS,
) -> Iterator[dict[str, Ordered]]:
    """The examples of tasks that label the same texts together, in the order of the first task's, the others alone.

    A text that comes several times must come as often in each task. Tasks of similarity are alone, and so are those
    whose entities cut the units of a text as no other task's do.
    """
    left = list(tasks)
    keys: dict[str, Keys] = {}
    while left:
        first, *others = left
        group = {first: Ordered(examples[first])}
        for name in others if joint and tasks[first].kind is not TaskKind.SIMILARITY else ():
            if tasks[name].kind is TaskKind.SIMILARITY or len(examples[name]) != len(examples[first]):
                continue
            for one in (first, name):
                if one not in keys:
                    keys[one] = hashes((texts_of(e), _cuts(e, words)) for e in examples[one])
            if np.array_equal(keys[first], keys[name]):
                group[name] = Ordered(examples[name])
                continue
            here, there = (np.argsort(keys[one], kind="stable") for one in (first, name))
            if np.array_equal(keys[first][here], keys[name][there]):
                order = np.empty_like(here)
                order[here] = there
                group[name] = Ordered(examples[name], order)
        yield group
        left = [name for name in left if name not in group]


def _cuts(example: Example, words: WordSplitting) -> tuple[int, ...]:
    return example.shared_units(words) if isinstance(example, TaggedText) else ()
