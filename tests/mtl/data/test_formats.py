"""Files as annotation tools write them (`tests/data`): each gives the same examples."""

import importlib.util
import json
import shutil
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from mtl.data import Example, LabelledText, TaggedText, read_task, texts_of
from mtl.data.examples import tagged
from mtl.data.formats import Source, names, read_records
from mtl.data.place import ReadLog
from mtl.data.texts import read_texts, text_source
from mtl.errors import DataError
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig

DATA = Path(__file__).parents[2] / "data"
FILES = sorted([*DATA.glob("entities*"), *DATA.glob("classes*")])
NAMES = {0: "O", 1: "B-PER", 2: "I-PER", 3: "B-LOC", 4: "I-LOC", 5: "B-ORG", 6: "I-ORG"}
HAS_SPACY = importlib.util.find_spec("spacy") is not None


def entity(text: str, *found: tuple[str, str]) -> TaggedText:
    spans = [TypedSpan(text.index(words), text.index(words) + len(words), label) for words, label in found]
    example = tagged(text, spans)
    assert example is not None
    return example


ENTITIES = (
    entity("Anna Weiss left Bern.", ("Anna Weiss", "PER"), ("Bern", "LOC")),
    entity("😀 Lena joined Acme.", ("Lena", "PER"), ("Acme", "ORG")),
    entity("Nothing here."),
)
CLASSES = (
    LabelledText("The soup was cold.", "negative"),
    LabelledText("Great bread, 😀!", "positive"),
    LabelledText("I will come again.", "positive"),
)


def read(kind: str, file: Path, **options: object) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    data = read_task("task", TaskConfig.model_validate({"kind": kind, "train": [str(file)], **options}))
    return data.train, data.notes


@pytest.mark.parametrize("file", sorted(DATA.glob("entities*")), ids=lambda path: path.name)
def test_entities_of_every_format_are_the_same(file: Path):
    options = {"map_labels": NAMES} if "huggingface" in file.name else {}
    examples, _ = read("tagging", file, **options)
    assert examples == ENTITIES


@pytest.mark.parametrize("file", sorted(DATA.glob("classes*")), ids=lambda path: path.name)
def test_classes_of_every_format_are_the_same(file: Path):
    examples, _ = read("classification", file, **({"columns": {"text": "Kommentar"}} if "semi" in file.name else {}))
    assert examples == CLASSES


UNUSED = {
    "entities-prodigy.jsonl": {1: "Bern is wrong here.", 3: "Unsure."},
    "entities-label-studio.json": {3: "This one was skipped."},
    "entities-argilla.json": {3: "Nobody answered."},
    "entities-argilla-1.jsonl": {2: "Thrown away."},
    "classes-prodigy.jsonl": {1: "What?"},
}
"""Texts that a tool has not annotated, or that were rejected in it, by their place in the file."""


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
def test_texts_of_every_format_are_the_same_without_labels(file: Path):
    texts = [texts_of(example)[0] for example in (ENTITIES if file.name.startswith("entities") else CLASSES)]
    for place, text in UNUSED.get(file.name, {}).items():
        texts.insert(place, text)
    assert [row.text for row in read_texts(text_source(file), ReadLog())] == texts


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name)
@pytest.mark.parametrize("name", names())
def test_a_named_format_reads_the_same_or_is_refused_in_one_sentence(file: Path, name: str):
    kind = "tagging" if file.name.startswith("entities") else "classification"
    options = {"map_labels": NAMES} if "huggingface" in file.name else {}
    options |= {"columns": {"text": "Kommentar"}} if "semi" in file.name else {}
    try:
        examples, _ = read(kind, file, format=name, **options)
    except DataError as error:
        assert "\n" not in str(error)
        assert "expected" in str(error) or "tag is O" in str(error) or "is empty" in str(error) or "spaCy" in str(error)
    else:
        assert examples == (ENTITIES if kind == "tagging" else CLASSES)


def test_texts_that_end_like_tags_are_texts(tmp_path: Path):
    (tmp_path / "t.txt").write_text("Vitamin O\nsome text\na plan B\ngroup O\n")
    assert len(list(read_texts(text_source(tmp_path / "t.txt")))) == 4


NOTES = {
    "entities-prodigy.jsonl": ["1 row is left out: its answer in Prodigy is reject", "Prodigy is ignore"],
    "entities-label-studio.json": ["1 row is left out: skipped in Label Studio", "count UTF-16 units"],
    "entities-argilla.json": ["1 row is left out: without a response in Argilla"],
    "entities-argilla-1.jsonl": ["1 row is left out: discarded in Argilla"],
    "entities-doccano-relations.jsonl": ["relations between entities are not read"],
    "entities-germeval.tsv": ["the tag is read from column 3"],
    "entities-lower.conll": ["tags in lower case"],
    "entities-bare.conll": ["types without B- and I-"],
    "entities-2003.conll": ["no tag begins with B-"],
    "classes-label-studio-min.json": ["the column sentiment is read as label"],
    "classes-semicolon.csv": ["the column sentiment is read as label"],
}


@pytest.mark.parametrize("name", NOTES)
def test_what_was_left_out_or_guessed_is_noted(name: str):
    options = {"columns": {"text": "Kommentar"}} if "semi" in name else {}
    _, notes = read("tagging" if name.startswith("entities") else "classification", DATA / name, **options)
    for gist in NOTES[name]:
        assert any(gist in note for note in notes), notes


def test_usual_files_give_no_notes():
    for kind, name in (("tagging", "entities.jsonl"), ("tagging", "entities.conll"), ("classification", "classes.csv")):
        assert read(kind, DATA / name)[1] == ()


@pytest.mark.parametrize("name", ["entities-doccano.jsonl", "classes-doccano.jsonl", "entities-gliner.json"])
def test_the_format_can_be_named(name: str):
    kind, tool = ("classification" if "classes" in name else "tagging"), name.split("-")[1].split(".")[0]
    assert read(kind, DATA / name, format=tool)[0] == (CLASSES if kind == "classification" else ENTITIES)


def test_a_format_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(DataError, match=r"format: a format of parquet, .*doccano.* was expected, was 'docano'"):
        read("tagging", DATA / "entities.jsonl", format="docano")


def test_numbers_of_tags_without_names_are_refused_with_what_to_do():
    with pytest.raises(DataError, match=r"jsonl:1: .*the number 1.*map_labels"):
        read("tagging", DATA / "entities-huggingface.jsonl")


FEATURES = {
    "tokens": {"feature": {"dtype": "string", "_type": "Value"}, "_type": "Sequence"},
    "ner_tags": {"feature": {"names": list(NAMES.values()), "_type": "ClassLabel"}, "_type": "Sequence"},
}


def test_names_of_tags_are_read_beside_the_file(tmp_path: Path):
    file = shutil.copy(DATA / "entities-huggingface.jsonl", tmp_path / "train.jsonl")
    (tmp_path / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    assert read("tagging", Path(file))[0] == ENTITIES


@pytest.mark.parametrize("inner", ["feature", "list"])
def test_names_of_tags_are_read_from_parquet(tmp_path: Path, inner: str):
    rows = [json.loads(line) for line in (DATA / "entities-huggingface.jsonl").read_text(encoding="utf-8").splitlines()]
    features = FEATURES if inner == "feature" else {name: [one["feature"]] for name, one in FEATURES.items()}
    table = pyarrow.Table.from_pylist(rows)
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), tmp_path / "t.parquet")
    assert read("tagging", tmp_path / "t.parquet")[0] == ENTITIES


def test_names_of_classes_are_read_from_parquet_unless_numbers_are_mapped(tmp_path: Path):
    features = {"label": {"names": ["World", "Sports"], "_type": "ClassLabel"}}
    table = pyarrow.table({"text": ["a", "b"], "label": [0, 1]})
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    file = tmp_path / "t.parquet"
    pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), file)
    assert [e.label for e in read("classification", file)[0]] == ["World", "Sports"]
    assert [e.label for e in read("classification", file, map_labels={0: "x"})[0]] == ["x", "1"]


@pytest.mark.parametrize("name", ["entities.jsonl", "entities-label-studio.json", "entities-gliner.json"])
@pytest.mark.parametrize("ending", [".json", ".jsonl", ".txt", ".data", ""])
def test_the_content_decides_whatever_the_ending(tmp_path: Path, name: str, ending: str):
    file = Path(shutil.copy(DATA / name, tmp_path / f"file{ending}"))
    assert read("tagging", file)[0] == ENTITIES


@pytest.mark.parametrize(
    ("content", "line"),
    [('[\n{"text": "a", "label": "x"},\n{"text": "b", "label"}\n]', 3), ('[{"text": "a", "label": "x"},\n', 2)],
)
def test_broken_json_is_refused_with_its_line(tmp_path: Path, content: str, line: int):
    (tmp_path / "t.json").write_text(content)
    with pytest.raises(DataError, match=rf"t\.json:{line}: valid JSON was expected"):
        read("classification", tmp_path / "t.json")


@pytest.mark.parametrize(
    "content",
    [
        '{"data": [{"text": "a", "label": "x"}, {"text": "b", "label": "y"}]}',
        '{"text": ["a", "b"], "label": ["x", "y"]}',
        '{"text": {"0": "a", "1": "b"}, "label": {"0": "x", "1": "y"}}',
        '[{"text": "a", "label": "x"},\n {"text": "b", "label": "y"}]',
        '{"text": "a", "label": "x"}\n{"text": "b", "label": "y"}',
    ],
)
def test_json_of_other_programs_is_read(tmp_path: Path, content: str):
    (tmp_path / "t.json").write_text(content)
    assert read("classification", tmp_path / "t.json")[0] == (LabelledText("a", "x"), LabelledText("b", "y"))


def test_other_columns_are_kept():
    (row, *_) = read_records(Source(DATA / "classes-semicolon.csv"), ReadLog())
    assert row.values["datum"] == "02.03.2026"


@pytest.mark.skipif(HAS_SPACY, reason="spaCy is installed")
def test_a_spacy_file_without_spacy_is_refused_in_one_sentence(tmp_path: Path):
    (tmp_path / "t.spacy").write_bytes(b"\x78\x9c")
    with pytest.raises(DataError, match=r"t\.spacy: a \.spacy file needs spaCy: pip install spacy"):
        read("tagging", tmp_path / "t.spacy")


@pytest.mark.skipif(not HAS_SPACY, reason="spaCy is not installed")
def test_a_spacy_file_gives_the_same_entities_and_classes(tmp_path: Path):
    import spacy
    from spacy.tokens import DocBin

    blank = spacy.blank("en")
    for name, examples in (("tagging", ENTITIES), ("classification", CLASSES)):
        stored = DocBin()
        for example in examples:
            document = blank(example.text)
            if isinstance(example, TaggedText):
                document.ents = [document.char_span(s.start, s.end, s.label) for s in example.char_spans()]
            else:
                document.cats = {label: float(label == example.label) for label in ("negative", "positive")}
            stored.add(document)
        stored.to_disk(tmp_path / "t.spacy")
        assert read(name, tmp_path / "t.spacy")[0] == examples
