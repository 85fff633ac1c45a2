import dataclasses
import json
import os
from pathlib import Path

import pytest

from demo.inputs import drafts, kept_drafts
from demo.inputs.columns import first_rows, guess_sets, has_several_labels
from demo.inputs.drafts import TaskUpload
from demo.runs.shown import sentence_of
from mtl.data import read_files
from mtl.errors import DataError, MtlError
from mtl.recipe import SimilarityLoss, TaskKind
from mtl.runs import home
from tests.demo.broken import BROKEN
from tests.demo.fakes import settings

CSV = "text,label\n" + "".join(f"text {i},{'ab'[i % 2]}\n" for i in range(20))


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))


@pytest.fixture
def csv(tmp_path):
    file = tmp_path / "my data.csv"
    file.write_text(CSV)
    return file


def add(train, **changes):
    upload = dataclasses.replace(TaskUpload("intent", TaskKind.CLASSIFICATION, train, None), **changes)
    return drafts.import_upload(upload, taken=["topic"], settings=settings())


def test_the_example_data_can_be_ticked():
    names = [draft.name for draft in drafts.built_in()]
    assert names == ["topic", "sentiment", "passengers", "entities", "similarity"]


def test_an_upload_is_copied_below_home_and_a_fifth_is_held_out(csv):
    draft = add(csv)
    assert (draft.train_size, draft.dev_size) == (16, 4)
    assert draft.counts == (("a", 8), ("b", 8))
    assert all(file.startswith(str(home() / "uploads")) for file in (*draft.config.train, *draft.config.dev))
    assert "held out" in draft.notes[0]


def test_a_dev_file_is_used_as_it_is(csv):
    draft = add(csv, dev=csv)
    assert (draft.train_size, draft.dev_size) == (20, 20)


@pytest.mark.parametrize("name", ["", "1st", "../x", "a b", "topic", "x" * 40])
def test_a_wrong_or_taken_name_is_refused(csv, name):
    with pytest.raises(DataError, match="[Nn]ame"):
        add(csv, name=name)


def test_no_file_is_refused():
    with pytest.raises(DataError, match="training file"):
        add(None)


def test_a_file_name_cannot_leave_the_folder(tmp_path, csv):
    odd = tmp_path / "..\\..\\evil $(x) .csv"
    odd.write_text(CSV)
    draft = add(odd, dev=csv)
    assert draft.config.train[0].startswith(str(home() / "uploads"))
    assert "$" not in draft.config.train[0]


def test_too_many_rows_and_too_large_files_are_refused_and_leave_nothing_behind(csv):
    upload = TaskUpload("intent", TaskKind.CLASSIFICATION, csv, csv)
    for limit in ({"max_rows": 10}, {"max_upload_mb": 1e-5}):
        with pytest.raises(MtlError, match="[Aa]t most"):
            drafts.import_upload(upload, taken=[], settings=dataclasses.replace(settings(), **limit))
    assert not list((home() / "uploads").iterdir() if (home() / "uploads").exists() else [])


def test_a_public_page_takes_no_packed_files(tmp_path):
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1")
    with pytest.raises(DataError, match="of type"):
        drafts.import_upload(
            TaskUpload("x", TaskKind.CLASSIFICATION, file, None), taken=[], settings=settings(space=True)
        )


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.file)
def test_a_broken_file_gives_one_sentence_with_file_and_line(tmp_path, case):
    file = tmp_path / case.file
    file.write_bytes(case.content)
    with pytest.raises(DataError) as caught:
        add(file, kind=case.kind, dev=file)
    message = sentence_of(caught.value)
    assert message.startswith(f"{case.file}:{case.line}: "), message
    assert case.says in message
    assert "\n" not in message
    assert str(home()) not in message


def test_a_visitor_whose_uploads_take_too_much_is_refused_and_others_are_not(csv):
    page = dataclasses.replace(settings(share=True), owner_uploads_mb=1e-4)
    upload = TaskUpload("intent", TaskKind.CLASSIFICATION, csv, None)
    kept_drafts.add_task(upload, owner="one", settings=page)
    with pytest.raises(DataError, match="Your uploads"):
        kept_drafts.add_task(dataclasses.replace(upload, name="other"), owner="one", settings=page)
    assert kept_drafts.add_task(upload, owner="another", settings=page).name == "intent"


def test_an_upload_without_room_is_refused_and_none_is_deleted_for_it(csv):
    page = dataclasses.replace(settings(share=True), kept_uploads_mb=1e-4)
    upload = TaskUpload("intent", TaskKind.CLASSIFICATION, csv, None)
    first = drafts.import_upload(upload, taken=[], settings=page)
    with pytest.raises(DataError, match="which is the limit. Runs and uploads are deleted 7 days"):
        drafts.import_upload(upload, taken=[], settings=page)
    assert Path(first.config.train[0]).exists()


def test_an_upload_is_deleted_by_its_age(csv):
    page = dataclasses.replace(settings(share=True), kept_uploads_mb=1e-4)
    upload = TaskUpload("intent", TaskKind.CLASSIFICATION, csv, None)
    first = Path(drafts.import_upload(upload, taken=[], settings=page).config.train[0])
    for place in (*first.parent.iterdir(), first.parent, first.parent.parent):
        os.utime(place, (0, 0))
    drafts.import_upload(upload, taken=[], settings=page)
    assert not first.exists()


SETS = [("late", "rude"), ("late",), (), ("rude",), ("late", "rude")] * 4
FORMS = {
    "lists.jsonl": "".join(json.dumps({"remark": f"text {i}", "tags": own}) + "\n" for i, own in enumerate(SETS)),
    "joined.csv": "remark,tags\n" + "".join(f"text {i},{'|'.join(own)}\n" for i, own in enumerate(SETS)),
    "flags.csv": "remark,late,rude\n"
    + "".join(f"text {i},{int('late' in own)},{int('rude' in own)}\n" for i, own in enumerate(SETS)),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_file_with_sets_of_labels_is_found_out_and_added(tmp_path, name):
    file = tmp_path / name
    file.write_text(FORMS[name])
    table = first_rows(file)
    assert has_several_labels(table)
    columns = guess_sets(table)
    assert columns == {"text": "remark", **({} if name == "flags.csv" else {"labels": "tags"})}
    draft = add(file, multi_label=True, columns=columns)
    assert draft.config.multi_label
    assert (draft.train_size, draft.dev_size) == (16, 4)
    assert [label for label, _ in draft.counts] == ["late", "rude"]


@pytest.mark.parametrize(
    "content",
    [
        CSV,
        "text,label\n" + "".join(f"site | page {i},{'ab'[i % 2]}\n" for i in range(20)),
        "text,label,seen\n" + "".join(f"text {i},{i % 2},{i % 2}\n" for i in range(20)),
        "text,price\n" + "".join(f"text {i},{i}\n" for i in range(20)),
    ],
)
def test_a_file_with_one_label_a_text_is_no_set(tmp_path, content):
    file = tmp_path / "a.csv"
    file.write_text(content)
    assert not has_several_labels(first_rows(file))


def test_a_semicolon_file_with_its_own_column_names_is_added(tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("nr;remark;kind\n" + "".join(f"{i};a, b {i};{'xy'[i % 2]}\n" for i in range(20)))
    upload = TaskUpload("intent", TaskKind.CLASSIFICATION, file, None, columns={"text": "remark", "label": "kind"})
    draft = drafts.import_upload(upload, taken=[], settings=settings())
    assert (draft.train_size, draft.dev_size, dict(draft.counts).keys()) == (16, 4, {"x", "y"})


@pytest.mark.parametrize("broken", [1, 25, 49])
def test_an_unclosed_quote_costs_one_row_of_an_upload_and_is_noted(tmp_path, broken):
    file = tmp_path / "a.csv"
    rows = [f'"a text, {i}",{"xy"[i % 2]}' if i != broken else f'"a text {i},x' for i in range(1, 51)]
    file.write_text("\n".join(["text,label", *rows]))
    draft = drafts.import_upload(
        TaskUpload("intent", TaskKind.CLASSIFICATION, file, None), taken=[], settings=settings()
    )
    assert draft.train_size + draft.dev_size == 49
    assert any(f"a.csv:{broken + 1}: " in note for note in draft.notes), draft.notes


@pytest.mark.parametrize(("columns", "rows"), [("anchor,positive", 20), ("anchor,positive,negative", 40)])
def test_pairs_without_scores_are_learned_as_pairs_that_belong_together(tmp_path, columns, rows):
    file = tmp_path / "pairs.csv"
    cells = [[f"{word} number {i}" for word in ("question", "answer", "gossip")] for i in range(20)]
    file.write_text(columns + "\n" + "".join(",".join(row[: columns.count(",") + 1]) + "\n" for row in cells))
    draft = add(file, kind=TaskKind.SIMILARITY)
    assert draft.config.head.loss is SimilarityLoss.MULTIPLE_NEGATIVES
    assert "pairs without scores are learned with loss: multiple_negatives" in draft.notes
    assert (draft.train_size, draft.dev_size) == (rows * 4 // 5, rows // 5)
    train, dev = (read_files(draft.config, files) for files in (draft.config.train, draft.config.dev))
    assert not {pair.sentence1 for pair in train} & {pair.sentence1 for pair in dev}
