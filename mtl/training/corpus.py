"""All texts of a run, tokenised: what trains, what measures, and what watches the embedding."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mtl.checkpoint import LoadedModel
from mtl.data import TaskData
from mtl.encoder import TokenizedText
from mtl.evaluation import EvaluationSet
from mtl.evaluation import prepare as prepare_dev
from mtl.prediction import embed
from mtl.training.drift import DriftSample, draw_sample, sample_texts
from mtl.training.prepared import PreparedExample, prepare, with_features

Features = Callable[[Sequence[TokenizedText]], Sequence[TokenizedText]]


@dataclass(frozen=True)
class Corpus:
    """Examples of each task that trains, dev sets of each task that has one, and the drift sample."""

    train: Mapping[str, list[PreparedExample]]
    dev: Mapping[str, EvaluationSet]
    sample: DriftSample

    def with_features(self, features: Features) -> "Corpus":
        """The same texts with features, such as their states at the encoder's boundary."""
        return Corpus(
            {name: with_features(examples, features) for name, examples in self.train.items()},
            {name: dev.with_texts(features(dev.texts)) for name, dev in self.dev.items()},
            replace(self.sample, texts=tuple(features(self.sample.texts))),
        )

    def measured_from(self, untouched: LoadedModel) -> "Corpus":
        """The same texts, with drift counted from this model."""
        return replace(self, sample=draw_sample(untouched, self.sample.texts))

    def without_states(self) -> "Corpus":
        """The same texts for passes from the bottom of the backbone."""
        return self.with_features(lambda texts: [replace(text, states=None) for text in texts])


def read_corpus(data: Mapping[str, TaskData], trained: Sequence[str], loaded: LoadedModel) -> Corpus:
    """Tokenise everything; the sample is embedded now, by the backbone as it is."""
    tasks, tokenizer = loaded.model.tasks, loaded.tokenizer
    return Corpus(
        {name: prepare(data[name], tasks[name], tokenizer) for name in trained},
        {name: prepare_dev(tasks[name], task.dev, tokenizer) for name, task in data.items() if task.dev},
        draw_sample(loaded, tokenizer(sample_texts(data))),
    )


def with_anchors(corpus: Corpus, loaded: LoadedModel) -> Corpus:
    """Training texts that know their embedding by the backbone as it is."""

    def anchored(texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        embeddings = embed(loaded.model, loaded.tokenizer, texts)
        return [replace(text, anchor=anchor) for text, anchor in zip(texts, embeddings, strict=True)]

    return replace(corpus, train={name: with_features(examples, anchored) for name, examples in corpus.train.items()})
