from types import SimpleNamespace

import pytest

from mtl.errors import StorageError
from mtl.labelling.engines import first_used, handed_over, note_download, note_hand_over, own_tasks, was_downloaded
from mtl.labelling.log import now
from tests.mtl.processes import exit_code, start


def engine(fingerprint, *tasks):
    return SimpleNamespace(fingerprint=fingerprint, tasks=dict.fromkeys(tasks))


def test_an_engine_with_the_task_has_a_time_from_which_answers_measure_it(tmp_path):
    first = first_used(tmp_path, engine("a", "topic"), ["topic"])
    assert first > 0
    assert first_used(tmp_path, engine("a", "topic"), ["topic"]) == first
    assert first_used(tmp_path, engine("b", "topic"), ["topic"]) >= first
    assert first_used(tmp_path, engine("", "topic"), ["topic"]) >= first


def test_other_engines_are_measured_by_all_answers(tmp_path):
    assert first_used(tmp_path, engine("a", "other"), ["topic"]) == 0
    assert first_used(tmp_path, engine("", "other"), ["topic"]) == 0
    assert first_used(tmp_path / "gone", engine("a", "other"), ["topic"]) == 0  # or a full disk


def test_an_engine_that_was_used_before_its_head_was_suspected_has_its_first_time(tmp_path):
    begun = now()
    first_used(tmp_path, engine("a", "other"), ["topic"])
    ended = now()
    note_download(tmp_path)
    assert was_downloaded(tmp_path) and handed_over(tmp_path) == ()
    assert begun <= first_used(tmp_path, engine("a", "other"), ["topic", "other"]) <= ended
    assert first_used(tmp_path, engine("b", "other"), ["topic", "other"]) >= ended


def test_damaged_lines_are_passed_over(tmp_path):
    (tmp_path / "engines.jsonl").write_text(
        '{"engine": "a", "at": "soon"}\n{"engine": "a"\n[]\n{"engine": "b", "at": 2}\n'
    )
    assert first_used(tmp_path, engine("a", "topic"), ["topic"]) > 2
    assert first_used(tmp_path, engine("b", "topic"), ["topic"]) == 2


def test_an_engine_with_a_head_of_any_of_the_names_has_a_time(tmp_path):
    assert first_used(tmp_path, engine("a", "other", "topic_2"), ["topic_3", "topic_2", "topic"]) > 0
    assert first_used(tmp_path, engine("b", "topic"), ["topic_3", "topic_2", "topic"]) > 0
    assert first_used(tmp_path, engine("c", "topic_4"), ["topic_3", "topic_2", "topic"]) == 0


def test_the_names_of_hand_overs_are_kept_the_last_one_first(tmp_path):
    assert handed_over(tmp_path) == () and own_tasks(tmp_path, "my-topic") == ("my-topic",)
    for name in ("my_topic", "my_topic_2", "my_topic"):
        note_hand_over(tmp_path, name)
    assert handed_over(tmp_path) == ("my_topic", "my_topic_2")
    assert own_tasks(tmp_path, "my-topic") == ("my_topic", "my_topic_2", "my-topic")
    assert own_tasks(tmp_path, "my_topic_2") == ("my_topic", "my_topic_2")


def test_hand_overs_of_several_processes_do_not_overwrite_each_other_and_damaged_lines_are_passed_over(tmp_path):
    (tmp_path / "handed_over.jsonl").write_text('{"task": 3}\n[]\n{"task": "torn')
    children = [start(note_hand_over, tmp_path, f"topic_{i}") for i in range(3)]
    assert [exit_code(child) for child in children] == [0, 0, 0]
    assert sorted(handed_over(tmp_path)) == ["topic_0", "topic_1", "topic_2"]


@pytest.mark.parametrize(
    "noted",
    [
        lambda folder: first_used(folder, engine("a", "topic"), ["topic"]),
        lambda folder: note_hand_over(folder, "topic"),
        note_download,
    ],
    ids=["an engine", "a hand-over", "a download"],
)
def test_a_project_that_is_deleted_meanwhile_does_not_come_back_as_a_folder(tmp_path, noted):
    gone = tmp_path / "gone"
    with pytest.raises(StorageError, match=r"gone: a project was expected, somebody has deleted it"):
        noted(gone)
    assert not gone.exists()
