"""What the tasks of a run have learned from, summarised at its end as embeddings by the final encoder."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mtl.cache import CachedActivations
from mtl.checkpoint.store import LoadedModel
from mtl.outside import LEAST_TEXTS, Summary, summarize
from mtl.recipe.choices import TaskKind
from mtl.text.batching import Integers
from mtl.text.tokenized import TokenizedTexts
from mtl.training.data import TrainingData
from mtl.training.forward import run_model

Known = Mapping[str, CachedActivations | None]


@dataclass(frozen=True)
class KnownActivations:
    """Of the texts of a run whose encoder is frozen whole, by the name of a train set and of a task with a dev set."""

    train: Known = field(default_factory=dict)
    dev: Known = field(default_factory=dict)


@dataclass(frozen=True)
class SampleLimits:
    """Of the texts that are embedded, at least `LEAST_TEXTS` where there are so many."""

    texts: int
    tokens: int

    def draw(self, texts: TokenizedTexts, among: Integers, seed: int) -> Integers:
        """The texts to embed, in order; drawn by chance where there are more than the limits."""
        drawn = np.random.default_rng(seed).permutation(among)[: self.texts]
        within = int((np.cumsum(texts.tokens[drawn]) <= self.tokens).sum())
        return np.sort(drawn[: max(within, LEAST_TEXTS)])


TRAIN_LIMITS = SampleLimits(4_000, 1 << 18)
"""A pass over these is short beside a run; all 15,000 texts of clinc150 make the area under its curve 0.01 larger."""
DEV_LIMITS = SampleLimits(1_000, 1 << 16)
"""They decide on one number."""


def summaries_of(
    loaded: LoadedModel, data: TrainingData, *, seed: int, known: KnownActivations | None = None
) -> dict[str, Summary]:
    """Summaries of the tasks that train and label texts; tasks of pairs have none, and neither have those of few texts.

    Args:
        loaded: the model whose encoder embeds, with what its heads had learned from before; is put into eval mode.
        data: of the run. Dev texts that are train texts too do not count.
        seed: of the texts that are drawn where there are many.
        known: the activations of its texts.
    """
    known, found = known or KnownActivations(), dict[str, Summary]()
    for name, examples in data.train.items():
        tasks = [task.name for task in examples.tasks.values() if task.kind is not TaskKind.SIMILARITY]
        if not tasks:
            continue
        chosen = TRAIN_LIMITS.draw(examples.texts, np.arange(len(examples.texts)), seed)
        train = _embedded(loaded, examples.texts, chosen, known.train.get(name))
        for task in tasks:
            dev = data.dev.get(task)
            away = None
            if dev is not None:
                unseen = DEV_LIMITS.draw(dev.texts, np.flatnonzero(dev.unseen), seed)
                away = _embedded(loaded, dev.texts, unseen, known.dev.get(task))
            if (summary := summarize(train, away, known=loaded.outside.get(task))) is not None:
                found[task] = summary
    return found


def _embedded(
    loaded: LoadedModel, texts: TokenizedTexts, chosen: Integers, known: CachedActivations | None
) -> NDArray[np.float32]:
    """The embeddings `(N, E)` of some texts; those that are not finite, of a damaged model, are left out."""
    cached = None if known is None else known.pooled(texts.windows_of(chosen))
    embeddings = run_model(loaded, texts.select(chosen), cached=cached).embeddings
    finite: NDArray[np.float32] = embeddings[np.isfinite(embeddings).all(axis=1)]
    return finite
