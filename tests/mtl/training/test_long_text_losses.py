"""The loss of batches with long texts against the same loss computed window by window with transformers alone.

The reference runs one window at a time, without padding and without a cache.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy
from transformers import AutoTokenizer

from mtl.cache import ActivationKind, CachedActivations, RaggedStore
from mtl.checkpoint.store import LoadedModel, build
from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.encoder import ActivationCache, load_backbone
from mtl.labels import ILLEGAL, TagSet, to_bio2
from mtl.model import TaskInfo
from mtl.recipe import Decoder, HeadConfig, SimilarityLoss, TaskKind
from mtl.text import WordedText, split_words
from mtl.training.losses import batch_loss, unit_counts
from mtl.training.targets import IGNORED
from mtl.training.train_set import TrainSet, make_batch, train_sets
from tests.mtl.text.generated import LONG_TEXTS, TEXTS
from tests.mtl.text.reference import Reference
from tests.tiers import pairs
from tests.tiny import LAYERS

TASKS = {
    "topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig()),
    "moods": TaskInfo("moods", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig(), multi_label=True),
    "names": TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig()),
    "crf": TaskInfo("crf", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder=Decoder.CRF)),
    "pairs": TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig(loss=SimilarityLoss.COSINE)),
}
TOGETHER = (("topic",), ("moods",), ("names",), ("crf",), ("pairs",), ("topic", "moods", "names", "crf"))
LENGTH = 16  # tokens of a window
TAGS = TagSet(("LOC", "PER"))
FROM = ("no cache", *ActivationKind)
ANY = st.one_of(TEXTS, LONG_TEXTS)


@dataclass(frozen=True)
class Model:
    """The model that is tested, and the tokenizer of transformers for it."""

    loaded: LoadedModel
    reference: Reference

    def state(self, ids: list[int]) -> Tensor:
        """The hidden states `(T, H)` of one window by transformers."""
        tokens = torch.tensor([ids])
        states: Tensor = self.loaded.model.encoder.model(
            input_ids=tokens, attention_mask=torch.ones_like(tokens)
        ).last_hidden_state[0]
        return states

    def pooled(self, text: str) -> tuple[Tensor, Tensor]:
        """Of the windows of a text the mean states `(K, H)`, and the share `(K,)` of the text that each adds."""
        windows = self.reference.windows(text, max_length=LENGTH)
        shared = self.reference.special_count + (LENGTH - self.reference.special_count) // 4
        counts = [len(window.ids) - (shared if i else 0) for i, window in enumerate(windows)]
        shares = torch.tensor(counts, dtype=torch.float32) / sum(counts)
        return torch.stack([self.state(window.ids).mean(0) for window in windows]), shares

    def emissions(self, name: str, data: TrainSet, text: int) -> list[tuple[Tensor, list[bool]]]:
        """Of each sentence of a text the emissions `(W, L)` of its words, read window by window.

        With each which words begin with a token of their own, and not with that of the word before.
        """
        sentences: list[list[Tensor]] = []
        own: list[list[bool]] = []
        for window in range(*data.texts.sentences[text].tolist()):
            arrays = data.texts.source.select(np.array([window]))
            words = self.state(arrays.ids.tolist())[arrays.first_tokens.tolist()]
            if not data.texts.follows[window]:
                sentences.append([])
                own.append([])
            sentences[-1].append(self.loaded.model.heads[name].output(words))
            first = [-1, *arrays.first_tokens.tolist()]
            own[-1] += [a != b for a, b in pairwise(first)]
        return [(torch.cat(parts), kept) for parts, kept in zip(sentences, own, strict=True)]

    def loss(self, name: str, data: TrainSet, examples: list[Example]) -> Tensor:
        """The loss of one task on all examples."""
        task = TASKS[name]
        if task.kind is TaskKind.SIMILARITY:
            losses = []
            for pair in examples:
                first, second = (
                    shares @ pooled for pooled, shares in map(self.pooled, (pair.sentence1, pair.sentence2))
                )
                losses.append((first @ second / (first.norm() * second.norm()) - pair.score) ** 2)
            return torch.stack(losses).mean()
        if task.kind is TaskKind.CLASSIFICATION:
            return self._loss_of_labels(name, examples)
        sums, words = [torch.zeros(())], 0
        for text, example in enumerate(examples):
            tags = iter(TAGS.index()[tag] for tag in example.tags)
            for emissions, own in self.emissions(name, data, text):
                gold = torch.tensor([next(tags) for _ in own], dtype=torch.long)[own]
                emissions = emissions[own]
                words += len(gold)
                if not len(gold):
                    continue
                if task.head.decoder is Decoder.CRF:
                    sums.append(self._crf(emissions.double(), gold.tolist()).float())
                else:
                    sums.append(cross_entropy(emissions, gold, reduction="sum"))
        return torch.stack(sums).sum() / max(1, words)

    def _loss_of_labels(self, name: str, examples: list[Example]) -> Tensor:
        losses, labels = [], TASKS[name].labels
        for example in examples:
            pooled, shares = self.pooled(example.text)
            logits = self.loaded.model.heads[name](pooled)
            if isinstance(example, MultiLabelText):
                has = torch.tensor([float(label in example.labels) for label in labels]).expand(len(shares), -1)
                losses.append(shares @ binary_cross_entropy_with_logits(logits, has, reduction="none").mean(1))
            elif example.label in labels:
                losses.append(-(shares @ torch.log_softmax(logits, -1)[:, labels.index(example.label)]))
        return torch.stack(losses).mean() if losses else torch.zeros(())

    @cached_property
    def _scores(self) -> tuple[Tensor, Tensor]:
        head = self.loaded.model.heads["crf"]
        legal = torch.from_numpy(TAGS.legal_transitions()), torch.from_numpy(TAGS.legal_starts())
        return head.transitions.detach() + ILLEGAL * ~legal[0], head.starts.detach() + ILLEGAL * ~legal[1]

    def _crf(self, emissions: Tensor, gold: list[int]) -> Tensor:
        """The negative logarithm of the share of the gold sequence among all, one word after the other."""
        transitions, starts = (scores.double() for scores in self._scores)
        score = starts[gold[0]] + sum(transitions[a, b] for a, b in pairwise(gold))
        score = score + sum(row[tag] for row, tag in zip(emissions, gold, strict=True))
        reached = [starts[tag] + emissions[0, tag] for tag in range(len(TAGS.tags))]
        for row in emissions[1:]:
            before = torch.stack(reached)
            reached = [torch.logsumexp(before + transitions[:, tag], 0) + row[tag] for tag in range(len(row))]
        return torch.logsumexp(torch.stack(reached), 0) - score


@pytest.fixture(scope="module")
def model(tiny_bert: Path) -> Model:
    torch.manual_seed(0)
    loaded = build(load_backbone(str(tiny_bert), max_length=LENGTH), TASKS)
    crf = loaded.model.heads["crf"]
    torch.nn.init.normal_(crf.transitions)
    torch.nn.init.normal_(crf.starts)
    loaded.model.encoder.cut(2)
    return Model(loaded, Reference(AutoTokenizer.from_pretrained(tiny_bert)))


@pytest.fixture
def cached(model: Model, tmp_path: Path) -> Callable[[str, TrainSet], CachedActivations | None]:
    """Activations in float32 of some kind, as exact as a pass."""
    store = RaggedStore(tmp_path, 10**8)

    def compute(kind: str, data: TrainSet) -> CachedActivations | None:
        if kind == FROM[0]:
            return None
        below = 2 if kind is ActivationKind.LAYER else LAYERS
        return ActivationCache(model.loaded.model.encoder, store, kind, below).in_memory(data.texts)

    return compute


def examples_of(names: tuple[str, ...], draw: st.DrawFn) -> dict[str, list[Example]]:
    """Examples of tasks on the same texts; some labels are none of the head's."""
    if names == ("pairs",):
        pairs = draw(st.lists(st.tuples(ANY, ANY, st.sampled_from([0.0, 0.3, 1.0])), min_size=1, max_size=3))
        return {"pairs": [ScoredPair(*pair) for pair in pairs]}
    texts = draw(st.lists(ANY, min_size=1, max_size=3, unique=True))
    tags = st.sampled_from(TAGS.tags)
    found: dict[str, list[Example]] = {name: [] for name in names}
    for text in texts:
        words = split_words(text)
        gold = to_bio2(draw(st.lists(tags, min_size=len(words), max_size=len(words))))
        for name in names:
            if name == "topic":
                found[name].append(LabelledText(text, draw(st.sampled_from("abcx"))))
            elif name == "moods":
                found[name].append(MultiLabelText(text, tuple(sorted(draw(st.sets(st.sampled_from("abcx")))))))
            else:
                found[name].append(TaggedText(WordedText(text, words), gold))
    return found


@pytest.mark.parametrize(("kind", "names"), pairs(FROM, TOGETHER, every=2))
@settings(max_examples=5)
@given(st.data())
def test_losses_and_gradients_are_those_of_the_windows_one_by_one(
    model: Model,
    cached: Callable[[str, TrainSet], CachedActivations | None],
    names: tuple[str, ...],
    kind: str,
    data: st.DataObject,
):
    examples = examples_of(names, data.draw)
    tasks = {name: TASKS[name] for name in names}
    (train,) = train_sets(tasks, examples, model.loaded.tokenizer, joint=True).values()
    rows = data.draw(st.permutations(range(len(train))))
    batch = make_batch(train, rows, cached=cached(kind, train))
    found = batch_loss(model.loaded.model, batch).tasks
    expected = {name: model.loss(name, train, examples[name]) for name in names}
    assert found.keys() == expected.keys()
    for name, loss in expected.items():
        torch.testing.assert_close(found[name].detach(), loss.detach(), rtol=1e-4, atol=1e-5)
    # The gradient with respect to what trains above the cut, and to the heads where the backbone is frozen whole.
    layer = model.loaded.model.encoder.parts().layers[-1]
    trained = [*([] if kind is ActivationKind.POOLED else [layer.output.dense.weight]), *outputs(model, names)]
    ours, reference = (gradients(losses, trained) for losses in (found, expected))
    for one, other in zip(ours, reference, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)


def outputs(model: Model, names: tuple[str, ...]) -> list[Tensor]:
    return [model.loaded.model.heads[name].output.weight for name in names if name != "pairs"]


def gradients(losses: Mapping[str, Tensor], trained: list[Tensor]) -> list[Tensor]:
    total = torch.stack(list(losses.values())).sum()
    if not total.requires_grad or not trained:
        return [torch.zeros_like(one) for one in trained]
    return list(torch.autograd.grad(total, trained, allow_unused=True, materialize_grads=True))


@pytest.mark.parametrize("names", TOGETHER, ids=" + ".join)
@settings(max_examples=5)
@given(st.data())
def test_the_loss_of_a_batch_is_that_of_its_parts_by_their_units(
    model: Model, names: tuple[str, ...], data: st.DataObject
):
    examples = examples_of(names, data.draw)
    (train,) = train_sets({n: TASKS[n] for n in names}, examples, model.loaded.tokenizer, joint=True).values()
    rows = data.draw(st.permutations(range(len(train))))
    middle = data.draw(st.integers(0, len(rows) - 1))
    parts = [make_batch(train, part) for part in (rows[:middle], rows[middle:]) if part]
    with torch.no_grad():
        found = [(batch_loss(model.loaded.model, part).tasks, unit_counts(model.loaded.model, part)) for part in parts]
    for name in names:
        units = sum(counts[name] for _, counts in found)
        total = sum(losses[name] * counts[name] for losses, counts in found) / max(units, 1e-9)
        torch.testing.assert_close(
            torch.as_tensor(total), model.loss(name, train, examples[name]).detach(), rtol=1e-4, atol=1e-5
        )
        if name != "topic":
            continue
        known = sum(example.label != "x" for example in examples[name])
        assert units == pytest.approx(known)


def test_a_text_whose_label_the_head_lacks_has_no_targets(model: Model):
    text = "the old doctor met anna " * 8
    data = {"topic": [LabelledText(text, "x"), LabelledText("anna", "a")]}
    (train,) = train_sets({"topic": TASKS["topic"]}, data, model.loaded.tokenizer, joint=True).values()
    values = make_batch(train, range(len(train))).targets["topic"].values
    assert values.tolist() == [IGNORED] * (len(train) - 1) + [0]
