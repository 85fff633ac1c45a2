"""The sample that shows drift: distinct sentences, evenly spaced over dev and then train."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import spearmanr
from sentence_transformers import SentenceTransformer

from mtl.data import Example, LabelledText, ScoredPair, TaskData, texts_of
from mtl.recipe import TaskConfig
from mtl.runs import Evaluated, RunFolder
from mtl.training import drift
from mtl.training.drift import sample_texts


@pytest.mark.parametrize("size", [1, 3, 4, 100])
@pytest.mark.parametrize("kind", ["classification", "similarity"])
def test_a_sample_is_evenly_spaced_over_distinct_texts(monkeypatch: pytest.MonkeyPatch, size: int, kind: str):
    monkeypatch.setattr(drift, "_SIZE", size)
    texts = ["one", "two", "one", "three", "four", "two", "five", "six", "six", "seven"]
    examples: list[Example] = [LabelledText(text, "a") for text in texts]
    if kind == "similarity":
        examples = [ScoredPair(*pair, 0.5) for pair in zip(texts[::2], texts[1::2], strict=True)]
    data = TaskData("t", TaskConfig(kind=kind), examples[2:], examples[:2], ())
    distinct = list(dict.fromkeys(text for example in examples for text in texts_of(example)))
    count = min(size, len(distinct))
    assert sample_texts({"t": data}) == [distinct[i * len(distinct) // count] for i in range(count)]


def test_every_evaluation_tells_how_well_cosines_follow_scored_pairs(trained: Path, tiny_bert: Path):
    with (Path(drift.__file__).parent / "pairs.csv").open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    texts = np.array([[pair["sentence1"], pair["sentence2"]] for pair in pairs])
    scores = [float(pair["score"]) for pair in pairs]
    assert len(pairs) == 60 and len(np.unique(texts)) == 120 and 0 <= min(scores) < max(scores) <= 1
    encoder = SentenceTransformer(str(tiny_bert))
    firsts, seconds = (encoder.encode(list(texts[:, side]), normalize_embeddings=True) for side in (0, 1))
    expected = spearmanr(scores, (firsts * seconds).sum(1)).statistic
    found = [
        e.metrics["eval/embedding/spearman_cosine"] for e in RunFolder(trained).events() if isinstance(e, Evaluated)
    ]
    assert found[0] == pytest.approx(expected, abs=1e-3)
    assert len(found) > 1 and all(-1 <= one <= 1 for one in found)
