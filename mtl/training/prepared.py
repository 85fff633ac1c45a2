"""Training examples as tokens and targets, ready to be batched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import torch
from torch import Tensor

from mtl.data import Example, LabelledText, ScoredPair, TaggedText, TaskData
from mtl.encoder import TokenBatch, TokenizedText, Tokenizer
from mtl.encoder.tokens import pad_rows
from mtl.model import TaskInfo
from mtl.recipe.choices import TaskKind

IGNORED = -100
Features = Callable[[Sequence[TokenizedText]], Sequence[TokenizedText]]


@dataclass(frozen=True, slots=True)
class PreparedExample:
    """One example: its tokens (those of both sentences of a pair) and target (a class, tags of words, or a score)."""

    texts: tuple[TokenizedText, ...]
    target: tuple[float, ...]

    def __len__(self) -> int:
        return max(map(len, self.texts)) * len(self.texts)


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """A batch of one task.

    `targets` are `(B,)` classes, `(B, W)` tags, or `(B,)` scores; the two sentences of the pairs are the
    first and second half of the token batch. `token_count` leaves padding out.
    """

    task: str
    tokens: TokenBatch
    targets: Tensor
    token_count: int

    def to(self, device: torch.device) -> "TrainBatch":
        """The batch on a device."""
        return replace(self, tokens=self.tokens.to(device), targets=self.targets.to(device))


def prepare(data: TaskData, info: TaskInfo, tokenizer: Tokenizer) -> list[PreparedExample]:
    """Tokenise a task's training data; tagged texts are cut by `mtl.text.split_words` as in use."""
    examples = list(data.train)
    match info.kind:
        case TaskKind.CLASSIFICATION:
            classes = {label: i for i, label in enumerate(info.labels)}
            labelled = [e for e in examples if isinstance(e, LabelledText)]
            tokens = tokenizer([e.text for e in labelled])
            return [
                PreparedExample((t,), (classes.get(e.label, IGNORED),)) for t, e in zip(tokens, labelled, strict=True)
            ]
        case TaskKind.TAGGING:
            return _prepare_tagging(examples, info, tokenizer)
        case TaskKind.SIMILARITY:
            pairs = [e for e in examples if isinstance(e, ScoredPair)]
            first = tokenizer([p.sentence1 for p in pairs])
            second = tokenizer([p.sentence2 for p in pairs])
            return [PreparedExample((a, b), (p.score,)) for a, b, p in zip(first, second, pairs, strict=True)]


def _prepare_tagging(examples: Sequence[Example], info: TaskInfo, tokenizer: Tokenizer) -> list[PreparedExample]:
    classes = info.tags.index()
    units = [e.units() for e in examples if isinstance(e, TaggedText)]
    tokens = tokenizer([u.text for u in units])
    return [
        PreparedExample((t.with_words(u.worded.words),), tuple(classes.get(tag, IGNORED) for tag in u.tags))
        for t, u in zip(tokens, units, strict=True)
    ]


def with_features(examples: Sequence[PreparedExample], features: Features) -> list[PreparedExample]:
    """The examples with features added to all their texts: states at the encoder's boundary, or anchors."""
    texts = iter(features([text for example in examples for text in example.texts]))
    return [replace(example, texts=tuple(islice(texts, len(example.texts)))) for example in examples]


def collate(info: TaskInfo, examples: Sequence[PreparedExample], tokenizer: Tokenizer) -> TrainBatch:
    """Pad examples to one batch."""
    sides = len(examples[0].texts)
    tokens = tokenizer.pad([e.texts[side] for side in range(sides) for e in examples])
    if info.kind is TaskKind.TAGGING:
        targets = pad_rows([[int(tag) for tag in e.target] for e in examples], IGNORED)
    else:
        dtype = torch.float32 if info.kind is TaskKind.SIMILARITY else torch.long
        targets = torch.tensor([e.target[0] for e in examples], dtype=dtype)
    return TrainBatch(info.name, tokens, targets, int(tokens.mask.sum()))
