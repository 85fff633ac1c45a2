import dataclasses

import pytest

from demo.training import measuring
from demo.training.measuring import measure, tasks_of
from mtl.checkpoint.config import CONFIG_FILE, read_config
from mtl.errors import MtlError
from mtl.metrics.calibration import ReliabilityBin, RiskPoint
from mtl.recipe import SimilarityLoss, TaskKind
from mtl.recipe.tasks import HeadConfig
from mtl.runs import RunFolder
from tests.demo.fakes import settings, write_config


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(tmp_path / "run")
    write_config(folder, topic=TaskKind.CLASSIFICATION, names=TaskKind.TAGGING)
    return folder


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "test.conll"
    made.write_text("Ann\tB-PER\n")
    return made


class Answers:
    """The command of an evaluation, without the model."""

    def __init__(self, arguments, *, settings):
        self._task = arguments[arguments.index("--data") + 1].partition("=")[0]

    def answer(self, *, seconds):
        return {f"eval/{self._task}/f1": 0.5}


def test_the_tasks_are_those_of_the_checkpoint(run, tmp_path):
    assert tasks_of(run) == {"topic": TaskKind.CLASSIFICATION, "names": TaskKind.TAGGING}
    assert tasks_of(RunFolder(tmp_path / "other")) == {}


@pytest.mark.parametrize(
    ("task", "has_file", "page", "says"),
    [
        ("other", True, settings(), "A task of topic, names was expected, was other"),
        (None, True, settings(), "A task of topic, names"),
        ("names", False, settings(), "Upload a labelled file"),
        ("topic", True, settings(), r"test\.conll: a file of type \.csv"),
        ("names", True, dataclasses.replace(settings(), max_upload_mb=1e-6), "MB was expected"),
    ],
)
def test_what_cannot_be_measured_is_one_sentence(run, file, task, has_file, page, says):
    with pytest.raises(MtlError, match=says):
        measure(run, task, file if has_file else None, page)


def test_tagging_is_measured_on_raw_text_too_and_folders_stay_ours(run, file, monkeypatch):
    asked = []

    class Fake:
        def __init__(self, arguments, *, settings):
            asked.extend(arguments)

        def answer(self, *, seconds):
            curves = {"reliability": [{"probability": 0.9, "share": 0.5, "count": 2}]}
            curves |= {"risk_coverage": [{"coverage": 0.5, "risk": 0.0}, {"coverage": 1.0, "risk": 0.5}]}
            curves |= {"ece_by_chance": 0.2}
            return {"eval/names/f1": 0.5, "eval/names/raw_f1": 0.25, "curves": {"names": curves}}

    monkeypatch.setattr(measuring, "Command", Fake)
    found = measure(run, "names", file, settings())
    assert found.metrics == {"f1": 0.5, "raw_f1": 0.25}
    assert found.curves.reliability == (ReliabilityBin(0.9, 0.5, 2),)
    assert found.curves.ece_by_chance == 0.2
    assert found.curves.risk_coverage == (RiskPoint(0.5, 0.0), RiskPoint(1.0, 0.5))
    assert asked == ["evaluate", str(run.best), "--data", f"names={file}", "--curves", "--raw"]
    measure(run, "names", file, settings(), {"token": "2"})
    assert asked[-2:] == ["--column", "token=2"]


@pytest.mark.parametrize(
    ("task", "name", "content", "told"),
    [
        (
            "topic",
            "t.csv",
            "text,topic\nrain,<b>wet</b>\nsun,dry\n",
            ["topic is read as label", "<b>wet</b> (1)"],
        ),
        ("names", "t.conll", "Ann\tB-STAR\n", ["by number of entities: STAR (1)"]),
        ("pairs", "t.csv", "sentence1,sentence2,score\na dog,a cat,0.5\n", ["there is only one pair"]),
    ],
)
def test_what_to_know_of_a_file_stands_with_its_figures(run, tmp_path, monkeypatch, task, name, content, told):
    write_config(run, topic=TaskKind.CLASSIFICATION, names=TaskKind.TAGGING, pairs=TaskKind.SIMILARITY)
    monkeypatch.setattr(measuring, "Command", Answers)
    (tmp_path / name).write_text(content)
    notes = " ".join(measure(run, task, tmp_path / name, settings()).notes)
    assert all(part in notes for part in told)
    assert str(tmp_path) not in notes


@pytest.mark.parametrize("loss", [None, SimilarityLoss.MULTIPLE_NEGATIVES])
def test_pairs_are_read_by_the_loss_that_trains_them(run, tmp_path, monkeypatch, loss):
    """Pairs without scores are pairs for `multiple_negatives` alone."""
    write_config(run, pairs=TaskKind.SIMILARITY)
    config = read_config(run.best)
    record = config.tasks["pairs"].model_copy(update={"head": HeadConfig(loss=loss)})
    (run.best / CONFIG_FILE).write_text(config.model_copy(update={"tasks": {"pairs": record}}).model_dump_json())
    monkeypatch.setattr(measuring, "Command", Answers)
    scored, plain = tmp_path / "scored.csv", tmp_path / "plain.csv"
    scored.write_text("sentence1,sentence2,score\na dog,a cat,0.5\nno more,some more,0.2\n")
    plain.write_text("anchor,positive\na dog,a hound\nno more,never again\n")
    assert measure(run, "pairs", scored, settings()).metrics == {"f1": 0.5}
    if loss is None:
        with pytest.raises(MtlError, match=r"plain\.csv:1: "):
            measure(run, "pairs", plain, settings())
    else:
        assert measure(run, "pairs", plain, settings()).metrics == {"f1": 0.5}
