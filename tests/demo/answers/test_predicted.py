from demo.answers import predicted
from demo.answers.predicted import Gold, Predicted, fitting_task, predict_texts
from demo.inputs.text_input import Sentences
from mtl.recipe import TaskKind
from tests.demo.fakes import FakeModel, FakeTask


def test_many_texts_report_progress_and_keep_predictions_without_embeddings(monkeypatch):
    monkeypatch.setattr(predicted, "_CHUNK", 2)
    *steps, last = predict_texts(FakeModel(), Sentences(("a", "b", "c")), key="starter", gold=Gold())
    assert [step.done for step in steps] == [2]
    assert isinstance(last, Predicted)
    assert last.texts == ("a", "b", "c")
    assert last.analyses[2].classes["topic"]["sports"] == 0.75
    assert last.analyses[2].embedding.size == 0


def test_the_answers_of_a_file_belong_to_the_head_that_knows_most_of_them():
    tasks = {
        "topic": FakeTask(TaskKind.CLASSIFICATION, ("a", "b", "c")),
        "mood": FakeTask(TaskKind.CLASSIFICATION, ("c", "d")),
    }
    assert fitting_task(tasks, list(tasks), {"c", "d"}) == "mood"
    assert fitting_task(tasks, list(tasks), {"a", "c"}) == "topic"
    assert fitting_task(tasks, list(tasks), {"x"}) is None
    assert fitting_task(tasks, [], {"a"}) is None
