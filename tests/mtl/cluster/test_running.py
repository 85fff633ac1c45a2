"""What a cluster writes is what the local engine writes; parts of an earlier call are used, and never mixed."""

import json
import re
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from mtl.cluster import ClusterOptions, running
from mtl.cluster.corpus import Corpus
from mtl.cluster.running import ClusterModel, run_on_cluster
from mtl.data.formats import ReadOptions
from mtl.data.texts import text_source
from mtl.errors import ClusterError, DataError, InputError, MtlError, StorageError
from mtl.inference import Engine
from mtl.inference.bulk.files import BulkOutput, FileResult, run_file
from mtl.inference.bulk.formats import EmbeddingArray, EmbeddingTable, PredictionLines, PredictionTable
from mtl.inference.bulk.parts import writing_alone
from mtl.inference.source import find_model
from tests.mtl.cluster.conftest import CHUNK, HereAndNow

FORMS = (PredictionLines, PredictionTable, EmbeddingTable)
INPUTS = {
    "in.txt": "\n".join(f"Anna met Tom {i} times" if i % 4 else " " for i in range(31)),
    "in.csv": "id;url;text\n" + "".join(f"{i};http://a.b/{i};{'Tom in Rome' if i % 7 else ''}\n" for i in range(23)),
    "in.jsonl": "\n".join(
        json.dumps({"text": f"Anna {i}" if i % 5 else i, "id": i, "n": [i, {"k": "é"}]}) if i != 9 else "no json"
        for i in range(26)
    ),
    "other.csv": "remark,when\n" + "".join(f"some longer words {i},2026-01-0{1 + i % 9}\n" for i in range(12)),
}
KEEP = {"in.csv": ("url", "id"), "in.jsonl": ("all",), "other.csv": ("all",)}


def run(
    source: object, target: object, form: type, partition_rows: int = CHUNK, keep: tuple[str, ...] = ()
) -> FileResult:
    corpus = Corpus(str(source), str(target), form(), ReadOptions(), keep)
    options = ClusterOptions(workers=2, partition_rows=partition_rows)
    return run_on_cluster(ClusterModel("tiny"), corpus, options, progress=lambda _: None)


def contents(folder: Path, name: str) -> dict[str, object]:
    """The files of an output, without its name: rows of a table, and bytes of all others."""
    found: dict[str, object] = {}
    for path in folder.glob(f"{name}*"):
        is_table = path.suffix == ".parquet"
        found[path.name.removeprefix(name)] = pq.read_table(path).to_pylist() if is_table else path.read_bytes()
    return found


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("partition_rows", [CHUNK, 2 * CHUNK, 1000])
def test_files_are_those_of_the_local_engine(
    cluster: HereAndNow, engine: Engine, tmp_path: Path, form: type, name: str, partition_rows: int
):
    source, keep = tmp_path / name, KEEP.get(name, ())
    source.write_text(INPUTS[name], encoding="utf-8")
    output = BulkOutput(tmp_path / f"local{form.suffix}", form(), keep)
    local = run_file(engine, text_source(source), output, progress=lambda _: None)
    found = run(source, tmp_path / f"spread{form.suffix}", form, partition_rows, keep)
    assert (found.texts, found.rejected, found.notes) == (local.texts, local.rejected, local.notes)
    assert contents(tmp_path, "spread") == contents(tmp_path, "local")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["in.csv", "in.jsonl"])
def test_a_url_has_the_rows_of_the_local_engine_in_parts(
    cluster: HereAndNow, engine: Engine, tmp_path: Path, form: type, name: str
):
    (tmp_path / name).write_text(INPUTS[name], encoding="utf-8")
    fs = MemoryFileSystem()
    fs.pipe_file(f"/in/{name}", INPUTS[name].encode())
    target = tmp_path / f"local{form.suffix}"
    local = run_file(
        engine, text_source(tmp_path / name), BulkOutput(target, form(), KEEP[name]), progress=lambda _: None
    )
    found = run(f"memory://in/{name}", f"memory://out/o{form.suffix}", form, keep=KEEP[name])
    assert (found.texts, found.rejected) == (local.texts, local.rejected)
    fs.get(f"/out/o{form.suffix}", str(tmp_path / "got"), recursive=True)
    names = sorted(path.name for path in (tmp_path / "got").iterdir())
    parts = [part for part in names if part.startswith("part-")]
    assert names == ["_SUCCESS", "_rejects.jsonl", "_state.json", *parts]
    if form is PredictionLines:
        assert b"".join((tmp_path / "got" / part).read_bytes() for part in parts) == target.read_bytes()
    else:  # readers of folders take the parts alone
        assert pq.read_table(tmp_path / "got").to_pylist() == pq.read_table(target).to_pylist()
    rejects = (tmp_path / "got" / "_rejects.jsonl").read_text(encoding="utf-8")
    before = target.with_name(f"{target.name}.rejects.jsonl").read_text(encoding="utf-8")
    assert rejects == before.replace(str(tmp_path / name), f"memory://in/{name}")


def test_a_second_call_for_an_output_is_refused_and_one_that_fails_leaves_no_folder(
    cluster: HereAndNow, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    source, target = tmp_path / "in.txt", tmp_path / "out.jsonl"
    source.write_text(INPUTS["in.txt"])
    with writing_alone(target):
        with pytest.raises(InputError, match="the output is already being written in process"):
            run(source, target, PredictionLines)
        with pytest.raises(InputError, match="the output is already being written in process"):
            run_file(engine, source, BulkOutput(target, PredictionLines()), progress=lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]
    with monkeypatch.context() as patched:
        patched.setattr(running, "_chosen", lambda *_: find_model(str(tmp_path)))
        with pytest.raises(MtlError, match=re.escape(str(tmp_path))):
            run(source, target, PredictionLines)
    assert [path.name for path in tmp_path.iterdir()] == ["in.txt"]
    assert run(source, target, PredictionLines).texts == 23


@pytest.mark.parametrize("target", ["out.jsonl", "memory://out/o.jsonl"])
def test_an_interrupted_call_goes_on_and_no_partition_is_run_twice(
    cluster: HereAndNow, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
):
    source = tmp_path / "in.jsonl"
    source.write_text(INPUTS["in.jsonl"])
    place = target if "://" in target else tmp_path / target
    cluster.dies_after = 3
    with pytest.raises(KeyboardInterrupt):
        run(source, place, PredictionLines)
    before = list(cluster.written)
    assert 2 <= len(before) <= 3
    cluster.dies_after = None
    found = run(source, place, PredictionLines)
    assert found.resumed >= CHUNK
    assert sorted(cluster.written) == list(range(6))  # each once over both calls
    if "://" in target:  # complete: nothing is left to do, not even for a cluster
        monkeypatch.delitem(sys.modules, "mtl.cluster.dataset")
        again = run(source, place, PredictionLines)
        assert (again.resumed, again.texts, again.rejected) == (26, found.texts, found.rejected)


@pytest.mark.parametrize("target", ["out.jsonl", "memory://out/o.jsonl"])
@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"partition_rows": 2 * CHUNK}, "another number of rows in a partition"),
        ({"keep": ("id",)}, "other kept columns"),
        ({"source": True}, "another input"),
    ],
)
def test_parts_of_other_options_are_refused_and_kept(
    cluster: HereAndNow, tmp_path: Path, target: str, change: dict[str, object], what: str
):
    source = tmp_path / "in.csv"
    source.write_text(INPUTS["in.csv"])
    place = target if "://" in target else tmp_path / target
    cluster.dies_after = 3
    with pytest.raises(KeyboardInterrupt):
        run(source, place, PredictionLines)
    cluster.dies_after = None
    options = dict(change)
    if options.pop("source", None):
        source.write_text(INPUTS["in.csv"] + "99;u;Tom\n")
    with pytest.raises(InputError, match=f"these are of {what}; remove them to begin anew$"):
        run(source, place, PredictionLines, **options)  # type: ignore[arg-type]
    if not change.get("source"):
        assert run(source, place, PredictionLines).resumed >= CHUNK


def test_nothing_says_that_an_output_is_complete_while_a_part_is_missing(cluster: HereAndNow, tmp_path: Path):
    (tmp_path / "in.csv").write_text(INPUTS["in.csv"])
    fs = MemoryFileSystem()
    run(tmp_path / "in.csv", "memory://out/o.jsonl", PredictionLines)
    whole = {path: fs.cat_file(path) for path in fs.find("/out/o.jsonl")}
    fs.rm("/out/o.jsonl/part-000001.jsonl")
    cluster.dies_after = 1
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "in.csv", "memory://out/o.jsonl", PredictionLines)
    assert not fs.exists("/out/o.jsonl/_SUCCESS")
    cluster.dies_after = None
    run(tmp_path / "in.csv", "memory://out/o.jsonl", PredictionLines)
    assert {path: fs.cat_file(path) for path in fs.find("/out/o.jsonl")} == whole


@pytest.mark.parametrize("target", ["out.jsonl.partial/mine.txt", "o.jsonl/mine.txt"])
def test_a_folder_of_somebody_else_is_refused(cluster: HereAndNow, tmp_path: Path, target: str):
    (tmp_path / "in.csv").write_text(INPUTS["in.csv"])
    mine = tmp_path / target
    mine.parent.mkdir()
    mine.write_text("mine")
    place = tmp_path / "out.jsonl" if "partial" in target else f"file://{mine.parent}"
    with pytest.raises(InputError, match=r"folder.* of finished parts.* was expected"):
        run(tmp_path / "in.csv", place, PredictionLines)
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    ("source", "target", "form", "kind", "gist"),
    [
        ("in.csv", "out.npy", EmbeddingArray, InputError, "an output ending in .jsonl or .parquet was expected"),
        ("none.csv", "out.jsonl", PredictionLines, DataError, "a readable file was expected: No such file"),
        ("empty.txt", "out.jsonl", PredictionLines, DataError, "at least one text was expected, the file has none"),
        ("blank.csv", "out.jsonl", PredictionLines, DataError, "blank.csv:2: text is empty"),
        ("a.docx", "out.jsonl", PredictionLines, DataError, "a.docx: a file ending in .txt"),
        ("memory://none.csv", "out.jsonl", PredictionLines, StorageError, "memory://none.csv: a readable file"),
        (
            "in.csv",
            "nothing-of-this-name://x/out.jsonl",
            PredictionLines,
            StorageError,
            "a folder or store that can be",
        ),
    ],
)
def test_what_cannot_be_read_or_written_is_one_sentence(
    cluster: HereAndNow, tmp_path: Path, source: str, target: str, form: type, kind: type[MtlError], gist: str
):
    for name, content in {**INPUTS, "empty.txt": "\n \n", "blank.csv": "text\n \n", "a.docx": "x"}.items():
        (tmp_path / name).write_text(content)
    places = [place if "://" in place else tmp_path / place for place in (source, target)]
    with pytest.raises(kind, match=gist):
        run(*places, form)
    assert not list(tmp_path.glob("out*"))


def test_a_part_that_was_lost_is_missed(cluster: HereAndNow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "in.csv").write_text(INPUTS["in.csv"])
    run_as_before = cluster.run

    def losing(*arguments: object) -> object:
        yield from run_as_before(*arguments)  # type: ignore[arg-type]
        (tmp_path / "out.jsonl.partial" / "000001.jsonl").unlink()

    monkeypatch.setattr(sys.modules["mtl.cluster.dataset"], "written", losing)
    with pytest.raises(ClusterError, match="all parts were expected, 1 of them are not there; call again to add them"):
        run(tmp_path / "in.csv", tmp_path / "out.jsonl", PredictionLines)
