"""The sample that shows drift: distinct sentences, evenly spaced over dev and then train."""

import pytest

from mtl.data import Example, LabelledText, ScoredPair, TaskData, texts_of
from mtl.recipe import TaskConfig
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
