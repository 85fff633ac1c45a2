import pytest

from demo.answers import embedded
from demo.answers.embedded import NO_ENTITY, ChunkProgress, Embedded, dominant, embed_sentences
from demo.inputs.text_input import Sentences
from tests.demo.fakes import FakeModel


def result(count: int, labels: tuple[str, ...] | None = None) -> Embedded:
    *_, last = embed_sentences(
        FakeModel(), Sentences(tuple(f"sentence {i}" for i in range(count)), labels), key="starter"
    )
    assert isinstance(last, Embedded)
    return last


def test_vectors_predictions_and_labels_stand_in_the_order_of_the_sentences():
    found = result(3, ("x", "y", "x"))
    assert found.vectors.shape == (3, 8)
    assert found.labels == ("x", "y", "x")
    assert found.predicted == {"topic": ("sports",) * 3, "entities": (NO_ENTITY,) * 3}


def test_a_long_pass_reports_its_progress_and_loses_nothing(monkeypatch):
    monkeypatch.setattr(embedded, "_CHUNK", 4)
    *steps, last = embed_sentences(FakeModel(), Sentences(tuple(f"sentence {i}" for i in range(10))), key="starter")
    assert [(step.done, step.total) for step in steps if isinstance(step, ChunkProgress)] == [(4, 10), (8, 10)]
    assert isinstance(last, Embedded)
    assert last.texts[9] == "sentence 9"
    assert len(last.vectors) == len(last.predicted["topic"]) == 10


def test_two_sets_have_different_stamps():
    assert result(1).stamp != result(1).stamp


@pytest.mark.parametrize(
    ("types", "expected"), [([], NO_ENTITY), (["PER"], "PER"), (["LOC", "PER", "PER"], "PER"), (["LOC", "PER"], "LOC")]
)
def test_the_dominant_type_is_the_most_frequent_the_first_of_equals(types, expected):
    assert dominant(types) == expected
