import pytest

from demo.views.training.format import duration
from demo.views.training.label_table import label_tables
from demo.views.training.log import log_view
from demo.views.training.run_card import Surroundings, metric_table, run_card
from mtl.runs import Evaluated, Finished, Noticed, RunState, Saved, Started, Status, Step, StopReason

RUNNING = Status(RunState.RUNNING, 1, 0.0, 0.0, 10.0, step=25, total_steps=100)


def test_a_running_run_shows_progress_and_time_left():
    html = run_card(RUNNING, [Started(100, 10, ("a",), 1_500_000, 22_700_000, "cpu", "fp32")])
    for piece in ("Training", "step 25 of 100", "width:25.0%", "about 30 s left", "1.5 M of 22.7 M"):
        assert piece in html


def test_a_starting_run_says_what_it_does():
    assert "loading" in run_card(Status(RunState.STARTING, 1, 0.0, 0.0, 0.0), [])


def test_a_run_that_was_asked_to_stop_says_so():
    assert "Stopping" in run_card(RUNNING, [], Surroundings(stopping=True))


def test_a_run_that_waits_says_how_many_are_before_it():
    waits = Status(RunState.QUEUED, 0, 0.0, 0.0, 0.0)
    assert "2 before it in the queue" in run_card(waits, [], Surroundings(waiting_before=2))
    assert "starts when a live run has ended" in run_card(waits, [], Surroundings(waiting_before=0))


def test_the_machine_and_the_share_of_batches_are_shown():
    events = [Started(9, 3, ("a", "b"), 1, 2, "cpu", "bf16"), Step(1, 0.1, "a", 1.0, 0.1, 4321.0)]
    html = run_card(RUNNING, events, Surroundings(memory=700_000_000, draws={"a": 3, "b": 1}))
    for piece in ("cpu, bf16", "4,321 tokens/s", "700 MB of memory", "<bdi>a</bdi> 75% · <bdi>b</bdi> 25%"):
        assert piece in html


def test_a_failed_run_shows_its_sentence_escaped():
    html = run_card(Status(RunState.FAILED, 1, 0.0, 0.0, 0.0, message="train.csv:3: <b> was expected"), [])
    assert "train.csv:3: &lt;b&gt;" in html
    assert "ph-problem" in html


def test_a_run_that_ends_by_itself_has_at_most_so_much_time_left():
    html = run_card(RUNNING, [Started(100, 10, ("a",), 1, 2, "cpu", "fp32", solver="lbfgs")])
    assert "at most 30 s left" in html


def test_the_end_of_an_earlier_attempt_is_not_told_as_that_of_this_one():
    events = [Finished(40, StopReason.STOPPED, 1.0, "stopped after 40 steps")]
    again = Status(RunState.DIED, 1, 0.0, 0.0, 0.0)
    assert "stopped after" not in run_card(again, events)
    removed = Status(RunState.STOPPED, 1, 0.0, 0.0, 0.0, message="removed from the queue")
    assert "removed from the queue" in run_card(removed, events)


def test_the_metric_table_compares_before_best_and_last():
    events = [
        Evaluated(0, {"eval/a/accuracy": 0.1}, 0.1),
        Evaluated(5, {"eval/a/accuracy": 0.9}, 0.1),
        Saved(5, "best", 0.9, 10),
        Evaluated(9, {"eval/a/accuracy": 0.8}, 0.1),
    ]
    html = metric_table(events)
    assert [html.index(value) for value in ("0.10", "0.90", "0.80")] == sorted(
        html.index(value) for value in ("0.10", "0.90", "0.80")
    )
    assert "best (step 5)" in html
    assert metric_table([]) == ""


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (40, "40 s"), (300, "5 min"), (7200, "2.0 h")])
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words


def test_the_log_is_escaped_and_shows_a_rewritten_line_once():
    html = log_view("\x1b[32m10 %\r50 %\n<script>x")
    assert "50 %\n&lt;script&gt;x" in html
    assert "10 %" not in html


def test_what_a_run_noticed_is_said():
    html = run_card(RUNNING, [Noticed(3, "memory ran out <b>, so batches are split")])
    assert '<p class="ph-note">memory ran out &lt;b&gt;, so batches are split</p>' in html


def test_the_labels_of_a_multi_label_task_have_a_table_of_their_own():
    metrics = {"eval/t/micro_f1": 0.5, "eval/t/f1/a/b": 0.25, "eval/t/recall/a/b": 0.125, "eval/u/f1/c": 0.5}
    events = [Evaluated(3, metrics, 1.0), Saved(3, "best", 0.5, 10)]
    html = label_tables(events)
    assert 'data-labels-of="t"' in html
    assert "<td>a/b</td>" in html
    assert "0.25" in html
    assert 'data-labels-of="u"' not in html
    assert label_tables([]) == ""
