"""All texts of a run, tokenised: what trains, what measures, and what watches the embedding."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from mtl.checkpoint import LoadedModel
from mtl.data import TaskData
from mtl.encoder import TokenizedText
from mtl.encoder.summaries import FrozenSummaries
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

    def trained_with(self, features: Features) -> "Corpus":
        """The same texts, those that train with features such as their states at the encoder's boundary."""
        return replace(self, train={name: with_features(e, features) for name, e in self.train.items()})

    def measured_with(self, features: Features) -> "Corpus":
        """The same texts, those that measure with features."""
        dev = {name: dev.with_texts(features(dev.texts)) for name, dev in self.dev.items()}
        return replace(self, dev=dev, sample=replace(self.sample, texts=tuple(features(self.sample.texts))))

    def measured_from(self, untouched: LoadedModel) -> "Corpus":
        """The same texts, with drift counted from this model."""
        return replace(self, sample=draw_sample(untouched, self.sample.texts))

    def without_states(self) -> "Corpus":
        """The same texts for passes from the bottom of the backbone."""

        def bare(texts: Sequence[TokenizedText]) -> list[TokenizedText]:
            return [replace(text, states=None, summary=None) for text in texts]

        return self.trained_with(bare).measured_with(bare)


def read_corpus(data: Mapping[str, TaskData], trained: Sequence[str], loaded: LoadedModel) -> Corpus:
    """Tokenise everything; the sample is embedded now, by the backbone as it is."""
    tasks, tokenizer = loaded.model.tasks, loaded.tokenizer
    return Corpus(
        {name: prepare(data[name], tasks[name], tokenizer) for name in trained},
        {name: prepare_dev(tasks[name], task.dev, tokenizer) for name, task in data.items() if task.dev},
        draw_sample(loaded, tokenizer(sample_texts(data))),
    )


def with_anchors(corpus: Corpus, loaded: LoadedModel, summaries: FrozenSummaries | None) -> Corpus:
    """Training texts that know their embedding by the backbone as it is, from `summaries` where they are kept."""

    def anchored(texts: Sequence[TokenizedText]) -> list[TokenizedText]:
        bare = [replace(text, first_tokens=()) for text in texts]
        embeddings = embed(loaded.model, loaded.tokenizer, summaries(bare) if summaries else bare)
        return [replace(text, anchor=anchor) for text, anchor in zip(texts, embeddings, strict=True)]

    return corpus.trained_with(anchored)
