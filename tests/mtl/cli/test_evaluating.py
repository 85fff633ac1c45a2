"""`evaluate`: what it measures and refuses."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr
from sentence_transformers import SentenceTransformer

from mtl.checkpoint import store
from mtl.cli.evaluating import raw_text_metrics
from mtl.data import read_files, texts_of
from mtl.decoding import Entity
from mtl.errors import BackboneError
from mtl.inference import Engine
from mtl.recipe import TaskConfig, TaskKind
from tests.mtl.cli.broken import BROKEN_DATA
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.recipes import EXAMPLES


def test_a_trained_checkpoint_is_measured_as_at_the_end_of_its_run(trained: Path, tmp_path: Path):
    files = {"topic": "topic/dev.csv", "names": "entities/dev.conll", "similarity": "similarity/dev.csv"}
    data = [item for task, file in files.items() for item in ("--data", f"{task}={EXAMPLES / file}")]
    succeed("evaluate", trained / "last", *data, "--json", tmp_path / "metrics.json")
    found = json.loads((tmp_path / "metrics.json").read_text())
    expected = json.loads((trained / "last" / "config.json").read_text())["metrics"]
    expected = {key: value for key, value in expected.items() if key.split("/")[1] in files}
    assert found == pytest.approx(expected, abs=5e-4)  # the run measured from cached states in half precision


def test_evaluation_prints_every_metric(trained: Path):
    printed = succeed("evaluate", trained / "last", "--data", f"sentiment={EXAMPLES / 'sentiment/dev.csv'}").stdout
    assert re.search(r"eval/sentiment/accuracy\s.*0\.\d{4}", printed)


def test_tagging_is_scored_on_raw_text_where_asked(trained: Path, tmp_path: Path):
    data = f"entities={EXAMPLES / 'entities/dev.conll'}"
    succeed("evaluate", trained / "last", "--data", data, "--raw", "--json", tmp_path / "m.json")
    metrics = json.loads((tmp_path / "m.json").read_text())
    assert {"eval/entities/raw_f1", "eval/entities/raw_precision", "eval/entities/f1"} <= set(metrics)


def test_the_raw_text_is_the_original_one_where_the_file_has_it(tmp_path: Path):
    (tmp_path / "t.conll").write_text("# text = Anna  (left).\nAnna\tB-PER\n(\tO\nleft\tO\n)\tO\n.\tO\n")
    examples = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(tmp_path / "t.conll")])
    asked = []

    class Tagger:
        def tag(self, texts: list[str]) -> list[dict[str, list[Entity]]]:
            asked.extend(texts)
            return [{"names": [Entity(entity_group="PER", score=1.0, word="Anna", start=0, end=4)]}]

    assert raw_text_metrics(Tagger(), "names", examples)["f1"] == 1.0
    assert asked == ["Anna  (left)."]


@pytest.mark.parametrize("name", ["fields", "tag", "score"])
def test_broken_data_are_one_line_with_file_and_line_in_evaluation(trained: Path, tmp_path: Path, name: str):
    task, file, content, line = BROKEN_DATA[name]
    (tmp_path / file).write_bytes(content)
    message = complaint("evaluate", trained / "last", "--data", f"{task}={tmp_path / file}")
    assert message.startswith(f"{tmp_path / file}:{line}: ")


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("--data", "topic"), "--data takes TASK=FILE, was 'topic'"),
        (
            ("--data", f"colour={EXAMPLES / 'topic/dev.csv'}"),
            "--data takes TASK=FILE with a task of topic, sentiment, entities",
        ),
        (("--data", f"colour={EXAMPLES / 'topic/dev.csv'}"), "was 'colour="),
        (("--data", "colour=x.csv"), "x.csv: a readable file was expected"),
        (("--data", "topic=none.csv"), "none.csv: a readable file was expected"),
        (("--data", "topic=none.xyz"), "none.xyz: a readable file was expected"),
    ],
)
def test_wrong_data_arguments_are_one_line(trained: Path, arguments: tuple[str, ...], gist: str):
    assert gist in complaint("evaluate", trained / "last", *arguments)


def test_a_task_given_twice_is_one_line(trained: Path):
    data = ("--data", f"topic={EXAMPLES / 'topic/dev.csv'}")
    assert (
        complaint("evaluate", trained / "last", *data, *data) == "--data: one file a task was expected, topic has two"
    )


def test_a_folder_for_metrics_that_is_missing_is_one_line(trained: Path, tmp_path: Path):
    data = f"topic={EXAMPLES / 'topic/dev.csv'}"
    complaint("evaluate", trained / "last", "--data", data, "--json", tmp_path / "none" / "m.json")


def test_labels_with_brackets_are_printed_as_they_are(trained: Path, tmp_path: Path):
    (tmp_path / "t.csv").write_text("text,label\na,[/odd]\nb,[red]\n")
    printed = succeed("evaluate", trained / "last", "--data", f"topic={tmp_path / 't.csv'}").stdout
    assert "[red]" in printed
    assert "[/odd]" in printed


def test_columns_of_other_names_are_read_as_chosen_or_guessed_with_a_note(trained: Path, tmp_path: Path):
    plain, other = tmp_path / "a.csv", tmp_path / "b.csv"
    plain.write_text("text,label\nwell then; yes,sport\nno more of it,politics\n")
    other.write_text("nr;remark;kind\n1;well then, yes;sport\n2;no more of it;politics\n")
    other.write_text(
        other.read_text().replace("then, yes", '"then; yes"').replace('well "then; yes"', '"well then; yes"')
    )
    found = []
    for file, options in ((plain, ()), (other, ("--text-column", "remark", "--label-column", "kind"))):
        succeed("evaluate", trained / "last", "--data", f"topic={file}", "--json", tmp_path / "m.json", *options)
        found.append(json.loads((tmp_path / "m.json").read_text()))
    assert found[0] == found[1]
    other.write_text(other.read_text().replace("kind", "topic"))
    result = succeed("evaluate", trained / "last", "--data", f"topic={other}")
    assert "note: topic: b.csv: the column remark is read as text" in result.stderr


def test_a_role_or_format_that_does_not_exist_is_one_line(trained: Path):
    data = ("--data", f"topic={EXAMPLES / 'topic/dev.csv'}")
    assert complaint("evaluate", trained / "last", *data, "--format", "docano").startswith("--format: a format of ")
    assert complaint("evaluate", trained / "last", *data, "--column", "txt=a").startswith("--column: ROLE=COLUMN with")


def test_the_embedding_is_measured_beside_that_of_the_backbone(trained: Path, tiny_bert: Path, tmp_path: Path):
    pairs = EXAMPLES / "similarity" / "dev.csv"
    found = {}
    for model in (trained / "last", tiny_bert):
        succeed("evaluate", model, "--similarity", pairs, "--json", tmp_path / "m.json")
        found[model] = json.loads((tmp_path / "m.json").read_text())
    examples = read_files(TaskConfig(kind=TaskKind.SIMILARITY), [str(pairs)])
    scores = [one.score for one in examples]
    texts = np.array([texts_of(one) for one in examples])
    firsts, seconds = (SentenceTransformer(str(tiny_bert)).encode(list(texts[:, side])) for side in (0, 1))
    cosines = (firsts * seconds).sum(1) / np.linalg.norm(firsts, axis=1) / np.linalg.norm(seconds, axis=1)
    expected = {
        "spearman_cosine": spearmanr(scores, cosines).statistic,
        "pearson_cosine": pearsonr(scores, cosines).statistic,
    }
    assert found[tiny_bert] == pytest.approx({f"eval/embedding/{k}": v for k, v in expected.items()}, abs=1e-3)
    backbone = {k: v for k, v in found[trained / "last"].items() if "/backbone/" in k}
    assert backbone == pytest.approx({f"eval/embedding/backbone/{k}": v for k, v in expected.items()}, abs=1e-3)
    assert len(found[trained / "last"]) == 4


def test_the_backbone_reads_long_texts_as_the_model_does(trained: Path, tmp_path: Path):
    cut = tmp_path / "cut"
    shutil.copytree(trained / "last", cut)
    config = json.loads((cut / "config.json").read_text())
    config["recipe"]["long_texts"] = "cut"
    (cut / "config.json").write_text(json.dumps(config))
    pairs = tmp_path / "pairs.csv"
    long = "a well known old hotel " * 200
    others = (("one", "a dog", 0.1), ("two", long, 0.9), ("six", "x", 0.5))
    rows = [f"{long}{end},{other},{score}" for end, other, score in others]
    pairs.write_text("\n".join(["sentence1,sentence2,score", *rows]) + "\n")
    found = []
    for model in (trained / "last", cut):
        succeed("evaluate", model, "--similarity", pairs, "--json", tmp_path / "m.json")
        metrics = json.loads((tmp_path / "m.json").read_text())
        found.append(metrics["eval/embedding/backbone/pearson_cosine"])
    engine = Engine.of(store.untrained(store.load(cut)), name="", long_texts="cut")
    examples = read_files(TaskConfig(kind=TaskKind.SIMILARITY), [str(pairs)])
    assert found[1] == pytest.approx(engine.evaluate_embedding(examples)["pearson_cosine"], abs=1e-6)
    assert found[0] != pytest.approx(found[1], abs=1e-6)


def test_a_backbone_that_is_gone_costs_its_own_figures_alone(trained: Path, monkeypatch: pytest.MonkeyPatch):
    def gone(*_: object) -> None:
        raise BackboneError("no such model")

    monkeypatch.setattr(store, "untrained", gone)
    result = succeed("evaluate", trained / "last", "--similarity", EXAMPLES / "similarity/dev.csv")
    assert "eval/embedding/spearman_cosine" in result.stdout
    assert "backbone/" not in result.stdout
    assert "note: similarity: figures of the backbone before training are left out: no such model" in result.stderr


def test_nothing_to_measure_is_one_line(trained: Path):
    assert complaint("evaluate", trained / "last") == "--data TASK=FILE or --similarity FILE was expected"


def test_pairs_without_scores_are_one_line_with_the_file(trained: Path, tmp_path: Path):
    (tmp_path / "p.csv").write_text("sentence1,sentence2,score\na,b,high\n")
    message = complaint("evaluate", trained / "last", "--similarity", tmp_path / "p.csv")
    assert message.startswith(f"{tmp_path / 'p.csv'}:2: ")


def test_curves_agree_with_the_metrics_beside_them(trained: Path, tmp_path: Path):
    files = {"topic": "topic/dev.csv", "names": "entities/dev.conll", "similarity": "similarity/dev.csv"}
    data = [item for task, file in files.items() for item in ("--data", f"{task}={EXAMPLES / file}")]
    printed = succeed("evaluate", trained / "last", *data, "--curves", "--json", tmp_path / "m.json").stdout
    found = json.loads((tmp_path / "m.json").read_text())
    curves = found.pop("curves")
    assert set(curves) == {"topic", "names"}
    for task, one in curves.items():
        assert f"{task}: reliability" in printed
        assert f"ece {one['ece_by_chance']:.4f} is expected" in printed
        total = sum(point["count"] for point in one["reliability"])
        error = sum(abs(p["share"] - p["probability"]) * p["count"] for p in one["reliability"]) / total
        assert error == pytest.approx(found[f"eval/{task}/ece"])
        accuracy = found[f"eval/{task}/{'accuracy' if task == 'topic' else 'token_accuracy'}"]
        assert one["risk_coverage"][-1] == {"coverage": 1.0, "risk": pytest.approx(1 - accuracy)}


def test_columns_of_texts_and_of_pairs_are_told_apart(trained: Path, tmp_path: Path):
    (tmp_path / "t.csv").write_text("remark,kind\nwell then,sports\nno more,politics\n")
    (tmp_path / "p.csv").write_text("a,b,s\nwell then,very well,0.9\nno more,some more,0.2\na dog,a cat,0.5\n")
    columns = [("text", "remark"), ("label", "kind"), ("sentence1", "a"), ("sentence2", "b"), ("score", "s")]
    given = [item for role, column in columns for item in ("--column", f"{role}={column}")]
    files = ("--data", f"topic={tmp_path / 't.csv'}", "--similarity", tmp_path / "p.csv")
    succeed("evaluate", trained / "last", *files, *given, "--json", tmp_path / "m.json")
    found = json.loads((tmp_path / "m.json").read_text())
    assert {"eval/topic/accuracy", "eval/embedding/spearman_cosine"} <= found.keys()
    message = complaint("evaluate", trained / "last", *files[2:], "--column", "text=a")  # of pairs alone, no role fits
    assert message.startswith(f"{tmp_path / 'p.csv'}:1: the columns sentence1, sentence2, score were expected")


@pytest.mark.parametrize(
    ("task", "file", "content", "counted"),
    [
        ("topic", "t.csv", "text,label\nthe film,zzz\nfood bad,zzz\nthe team,yy\n", "examples: zzz (2), yy (1)"),
        ("entities", "t.conll", "Anna\tB-ZZZ\nTom\tB-ZZZ\n\nRome\tB-YY\n", "entities: ZZZ (2), YY (1)"),
    ],
)
def test_labels_that_the_model_lacks_are_noted(
    trained: Path, tmp_path: Path, task: str, file: str, content: str, counted: str
):
    (tmp_path / file).write_text(content)
    said = succeed("evaluate", trained / "last", "--data", f"{task}={tmp_path / file}").stderr
    assert f"note: {task}: the data have labels that the model lacks" in said
    assert counted in said


@pytest.mark.parametrize("rows", [["the film,a film,0.6"], ["the film,a film,0.6", "food,bad,0.6", "one,two,0.6"]])
@pytest.mark.parametrize("option", ["--data", "--similarity"])
def test_a_correlation_that_is_not_defined_is_left_out_with_a_note(
    trained: Path, tmp_path: Path, rows: list[str], option: str
):
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(["sentence1,sentence2,score", *rows]) + "\n")
    given = f"similarity={file}" if option == "--data" else file
    result = succeed("evaluate", trained / "last", option, given, "--json", tmp_path / "m.json")
    assert "cosine" not in result.stdout
    assert json.loads((tmp_path / "m.json").read_text()) == {}
    reason = "there is only one pair" if len(rows) == 1 else "all pairs have the same score"
    assert f"note: similarity: {reason}, so correlations with the scores are not defined" in result.stderr
