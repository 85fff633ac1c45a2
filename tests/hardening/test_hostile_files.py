"""Small files that would take much memory or time are refused in one sentence by every door for files of the page."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from demo.answers.gold import read_labelled, read_tagged
from demo.inputs.drafts import TaskUpload, import_upload
from demo.inputs.text_input import read_sentences
from demo.runs.shown import sentence_of
from demo.settings import Settings
from demo.tabs.column_choice import look_at
from demo.tabs.train.upload import _preview
from mtl.errors import MtlError
from mtl.recipe import TaskKind
from tests.demo.fakes import settings
from tests.hardening.extent import FULL
from tests.hardening.hostile import HOSTILE
from tests.tiers import pairs

PUBLIC = settings(share=True)
CAPPED = replace(settings(training="capped"), read_memory_mb=200.0)
"""Not public, so that it takes packed files too."""


def _upload(kind: TaskKind) -> Callable[[Path, Settings], object]:
    def door(path: Path, page: Settings) -> object:
        return import_upload(TaskUpload("mine", kind, path, None), taken=(), settings=page)

    return door


DOORS: dict[str, Callable[[Path, Settings], object]] = {
    "embeddings": read_sentences,
    "classes": read_labelled,
    "entities": read_tagged,
    "columns": lambda path, page: look_at(page, ("text", "label"), str(path)),
    "preview": lambda path, page: _preview(page, TaskKind.CLASSIFICATION, str(path)),
    "preview of tags": lambda path, page: _preview(page, TaskKind.TAGGING, str(path)),
    "new task": _upload(TaskKind.CLASSIFICATION),
    "new tagging task": _upload(TaskKind.TAGGING),
}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    for name, make in HOSTILE.items():
        make(folder / name)
    return folder


_WAYS = {f"{door}-capped": (door, CAPPED) for door in DOORS} | {
    f"{door}-public": (door, PUBLIC) for door in (DOORS if FULL else ("embeddings",))
}


@pytest.mark.parametrize(("name", "way"), pairs(list(HOSTILE), list(_WAYS), every=3))
def test_a_hostile_file_gives_a_sentence_or_a_small_result_and_costs_this_process_little(files, name, way):
    door, page = _WAYS[way]
    before = psutil.Process().memory_info().rss
    try:
        DOORS[door](files / name, page)
    except MtlError as error:
        sentence = sentence_of(error)
        assert sentence.strip() and "\n" not in sentence and str(files) not in sentence and len(sentence) < 600
    assert psutil.Process().memory_info().rss - before < 200e6


@pytest.mark.parametrize("name", ["train", "dev"])
def test_too_many_rows_are_refused_in_train_and_dev_alike(tmp_path, files, name):
    small = tmp_path / "small.csv"
    small.write_text("text,label\none,a\ntwo,b\n" * 3, encoding="utf-8")
    given = {"train": small, "dev": small, name: files / "rows.csv"}
    with pytest.raises(MtlError, match=name):
        import_upload(TaskUpload("mine", TaskKind.CLASSIFICATION, **given), taken=(), settings=CAPPED)


def test_train_and_dev_count_together(tmp_path):
    page = replace(CAPPED, max_rows=5)
    files = []
    for name in ("a.csv", "b.csv"):
        files.append(tmp_path / name)
        files[-1].write_text("text,label\none,a\ntwo,b\nthree,a\n", encoding="utf-8")
    with pytest.raises(MtlError, match="dev"):
        import_upload(TaskUpload("mine", TaskKind.CLASSIFICATION, *files), taken=(), settings=page)
    assert import_upload(
        TaskUpload("mine", TaskKind.CLASSIFICATION, *files), taken=(), settings=replace(page, max_rows=6)
    )
