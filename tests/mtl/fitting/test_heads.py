import re
from dataclasses import replace

import numpy as np
import pytest

import mtl
from mtl.data import LabelledText, MultiLabelText, ScoredPair, write_examples
from mtl.data.examples import tagged
from mtl.errors import DataError, InputError, StorageError
from mtl.fitting import FitOptions
from mtl.fitting.attaching import linear_head
from mtl.inference import Engine
from mtl.labels import TypedSpan
from mtl.recipe import parse
from mtl.training import run_in_folder
from tests.mtl.fitting.examples import DATA, LONG, PLACES, classes, spans
from tests.tiny import EXACT

OPTIONS = FitOptions(l2=0.01)
EACH = pytest.mark.parametrize("task", DATA)


@pytest.fixture(scope="module")
def fitted(engine):
    return mtl.fit_heads(engine, {task: examples() for task, examples in DATA.items()}, options=OPTIONS)


def answers(engine, texts):
    found = engine.analyze(texts)
    spans = [[(e["start"], e["end"], e["entity_group"]) for e in a.entities["names"]] for a in found]
    return [a.labels for a in found], spans, [a.classes for a in found]


def test_heads_of_every_kind_learn_their_examples(fitted):
    labels, _, _ = answers(fitted, [e.text for e in DATA["place"]()])
    assert [found["place"][0] for found in labels] == [e.label for e in DATA["place"]()]
    assert [found["sets"] for found in labels] == [e.labels for e in DATA["sets"]()]
    _, entities, _ = answers(fitted, [e.text for e in spans()])
    assert [[TypedSpan(*one) for one in own] for own in entities] == [list(e.char_spans()) for e in spans()]


def test_a_saved_engine_answers_as_before_on_every_backend(fitted, tmp_path):
    texts = [e.text for e in (*classes()[:4], *spans()[:3])] + [LONG, ""]
    folder = fitted.save(tmp_path / "saved")
    expected = answers(fitted, texts)
    size = (folder / "model.safetensors").stat().st_size
    assert size < 20_000  # the heads alone, no backbone
    for options in ({"backend": "torch"}, {"backend": "openvino"}):
        found = answers(Engine.load(folder, precision="fp32", **options), texts)
        assert found[:2] == expected[:2]
        for one, other in zip(found[2], expected[2], strict=True):
            assert {t: pytest.approx(p, abs=1e-4) for t, p in other.items()} == one


def test_a_saved_engine_is_saved_again_as_it_is(fitted, tmp_path):
    first = fitted.save(tmp_path / "first")
    again = Engine.load(first, **EXACT).save(tmp_path / "second")
    assert (again / "model.safetensors").read_bytes() == (first / "model.safetensors").read_bytes()


@EACH
def test_training_goes_on_from_a_fitted_head(fitted, task, tmp_path):
    folder = fitted.save(tmp_path / "saved")
    write_examples(tmp_path / "train.jsonl", DATA[task]())
    kind = {"kind": "tagging"} if task == "names" else {"kind": "classification", "multi_label": task == "sets"}
    content = {
        "backbone": str(folder),
        "tasks": {task: {**kind, "train": "train.jsonl", "dev": "train.jsonl"}},
        "freezing": {"preset": "last_layers", "layers": 1},
        "budget": {"max_steps": 2},
    }
    events = list(run_in_folder(parse(content, folder=tmp_path), tmp_path / "run"))
    first = next(e for e in events if e.kind == "evaluated")
    main = {"place": "accuracy", "sets": "subset_accuracy", "names": "f1"}[task]
    assert first.metrics[f"eval/{task}/{main}"] > 0.9  # before any step
    assert set(Engine.load(tmp_path / "run" / "last", **EXACT).tasks) == set(DATA)


@EACH
def test_a_warm_start_ends_where_a_cold_one_does(engine, fitted, task):
    examples = DATA[task]()[:-3]
    cold, warm = (mtl.fit_heads(one, {task: examples}, options=OPTIONS) for one in (engine, fitted))
    texts = [e.text for e in DATA[task]()]
    if task == "names":
        for one, other in zip(cold.tag(texts), warm.tag(texts), strict=True):
            assert one["names"] == [{**e, "score": pytest.approx(e["score"], abs=0.02)} for e in other["names"]]
        return
    for one, other in zip(cold.classify(texts), warm.classify(texts), strict=True):
        assert one[task] == pytest.approx(other[task], abs=0.02)


def test_new_labels_come_last_and_labels_without_examples_are_dropped(engine, fitted):
    examples = [e for e in classes() if e.label != "river"] + [LabelledText("she plays a concert", "airport")] * 3
    found = mtl.fit_heads(fitted, {"place": examples}, options=OPTIONS)
    assert fitted.tasks["place"].labels == tuple(sorted(PLACES))
    assert found.tasks["place"].labels == ("bank", "film", "airport")
    assert found.classify(["she plays a concert"])[0]["place"]["airport"] > 0.8
    assert found.tasks["sets"] == fitted.tasks["sets"]
    texts = [e.text for e in classes()]
    before, after = fitted.classify(texts), found.classify(texts)
    assert [one["sets"] for one in before] == [pytest.approx(one["sets"], abs=1e-6) for one in after]


def test_labels_can_be_given_for_which_there_is_no_example_yet(engine):
    found = mtl.fit_heads(engine, {"place": classes()}, labels={"place": ("film", "river", "bank", "moon")})
    assert found.tasks["place"].labels == ("film", "river", "bank", "moon")
    assert 0 < found.classify(["the moon"])[0]["place"]["moon"] < 0.5


def test_a_rare_label_counts_more_where_labels_are_balanced(engine):
    examples = classes() + [LabelledText("the old film", "film")] * 40
    chances = [
        mtl.fit_heads(engine, {"place": examples}, options=FitOptions(l2=30.0, balanced=balanced)).classify(
            ["the old concert"]
        )[0]["place"]["film"]
        for balanced in (False, True)
    ]
    assert chances[1] < chances[0]


def test_the_engine_stays_as_it_was(engine, fitted):
    assert engine.tasks == {}
    before = linear_head(fitted.loaded_model().model, "place")
    mtl.fit_heads(fitted, {"place": classes()[:9], "names": spans()})
    after = linear_head(fitted.loaded_model().model, "place")
    assert fitted.tasks["place"].labels == tuple(sorted(PLACES))
    np.testing.assert_array_equal(before.weight, after.weight)


def test_a_fit_on_all_examples_begins_without_the_thresholds_of_the_head_before(fitted):
    loaded = mtl.fit_heads(fitted, {"sets": DATA["sets"]()}, options=OPTIONS).loaded_model()
    loaded.model.tasks["sets"] = replace(loaded.model.tasks["sets"], thresholds=(0.9,) * 4)
    again = mtl.fit_heads(Engine.of(loaded, name="careful"), {"sets": DATA["sets"]()}, options=OPTIONS)
    assert again.tasks["sets"].thresholds == ()


@pytest.mark.parametrize(
    ("examples", "came"),
    [
        ([], "nothing"),
        ([ScoredPair("a", "b", 1.0)], "ScoredPair"),
        ([LabelledText("a", "b"), MultiLabelText("a", ("b",))], "LabelledText, MultiLabelText"),
    ],
)
def test_examples_of_no_kind_that_heads_are_fitted_for_are_refused(engine, examples, came):
    with pytest.raises(DataError, match=f"topic: .* expected, was {came}"):
        mtl.fit_heads(engine, {"topic": examples})


def test_examples_without_any_label_are_refused(engine):
    with pytest.raises(DataError, match="at least one label"):
        mtl.fit_heads(engine, {"topic": [MultiLabelText("a", ())]})


@pytest.mark.parametrize("place", ["file", "folder", "link"])
def test_saving_replaces_nothing_but_a_checkpoint(fitted, tmp_path, place):
    target = tmp_path / "target"
    if place == "file":
        target.write_text("mine")
    elif place == "folder":
        target.mkdir()
        (target / "config.json").write_text('{"mine": true}')
    else:
        (tmp_path / "elsewhere").mkdir()
        target.symlink_to(tmp_path / "elsewhere")
    before = sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file())
    with pytest.raises(InputError, match="a new folder or a checkpoint to replace"):
        fitted.save(target)
    assert sorted((path, path.read_bytes()) for path in tmp_path.rglob("*") if path.is_file()) == before
    (tmp_path / "empty").mkdir()
    assert fitted.save(fitted.save(tmp_path / "empty")) == tmp_path / "empty"


def test_a_place_that_cannot_be_written_is_one_sentence(fitted):
    with pytest.raises(StorageError, match="/proc/model: a place that can be written"):
        fitted.save("/proc/model")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "at least one task"),
        ({"../up": classes()}, "name of a task, was '../up'"),
        ({"a b": classes()}, "name of a task"),
        ({"names": [tagged("no name", [])]}, "names: at least one label"),
    ],
)
def test_data_that_no_head_can_be_fitted_to_are_one_sentence(engine, data, said):
    with pytest.raises(DataError, match=re.escape(said)):
        mtl.fit_heads(engine, data)


@pytest.mark.parametrize("text", ["", "\ud83d half", "🦊" * 3])
def test_any_text_can_be_an_example(engine, text):
    examples = [LabelledText(text, "odd"), LabelledText("plain words", "plain")]
    found = mtl.fit_heads(engine, {"place": examples, "names": [tagged(f"Ann {text}", [TypedSpan(0, 3, "PER")])]})
    assert found.tasks["place"].labels == ("odd", "plain")
