from types import SimpleNamespace

from mtl.labelling.engines import first_used


def engine(fingerprint, *tasks):
    return SimpleNamespace(fingerprint=fingerprint, tasks=dict.fromkeys(tasks))


def test_an_engine_with_the_task_has_a_time_from_which_answers_measure_it(tmp_path):
    first = first_used(tmp_path, engine("a", "topic"), "topic")
    assert first > 0
    assert first_used(tmp_path, engine("a", "topic"), "topic") == first
    assert first_used(tmp_path, engine("b", "topic"), "topic") >= first
    assert first_used(tmp_path, engine("", "topic"), "topic") >= first


def test_other_engines_are_measured_by_all_answers(tmp_path):
    assert first_used(tmp_path, engine("a", "other"), "topic") == 0
    assert not list(tmp_path.iterdir())


def test_damaged_lines_are_passed_over(tmp_path):
    (tmp_path / "engines.jsonl").write_text(
        '{"engine": "a", "at": "soon"}\n{"engine": "a"\n[]\n{"engine": "b", "at": 2}\n'
    )
    assert first_used(tmp_path, engine("a", "topic"), "topic") > 2
    assert first_used(tmp_path, engine("b", "topic"), "topic") == 2
