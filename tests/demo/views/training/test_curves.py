from demo.views.training.curves import MAIN, chosen_lines, draw_counts, metric_choices, moved_lines
from mtl.runs import Evaluated, Step


def evaluated(step, value):
    metrics = {
        "eval/topic/accuracy": value,
        "eval/topic/macro_f1": value,
        "eval/topic/f1/sports": value,
        "eval/topic/f1/a/b": value,
        "eval/names/f1": value,
        "eval/embedding/drift": value,
        "eval/embedding/neighbour_overlap": 1 - value,
    }
    return Evaluated(step, metrics, 0.1)


EVENTS = [
    evaluated(0, 0.1),
    *(Step(i + 1, 0.1, task, 1.0, 0.1, 1.0) for i, task in enumerate("aab")),
    evaluated(3, 0.5),
]
TASKS = ("topic", "names")


def test_every_metric_of_every_task_can_be_shown():
    choices = metric_choices(EVENTS, TASKS)
    assert choices == [MAIN, "topic: overall", "topic: f1 of each label", "names: overall"]
    assert metric_choices([], TASKS) == [MAIN]


def test_a_choice_is_its_lines_with_step_0():
    assert list(chosen_lines(EVENTS, TASKS, MAIN)) == ["topic accuracy", "names f1"]
    overall = chosen_lines(EVENTS, TASKS, "topic: overall")
    assert list(overall) == ["accuracy", "macro_f1"]
    assert overall["accuracy"].steps == (0, 3)
    assert list(chosen_lines(EVENTS, TASKS, "topic: f1 of each label")) == ["sports", "a/b"]


def test_the_embedding_has_lines_of_its_own():
    assert moved_lines(EVENTS)["neighbour overlap"].values == (0.9, 0.5)


def test_batches_are_counted_by_task():
    assert draw_counts(EVENTS, ("a", "b", "c")) == {"a": 2, "b": 1}
