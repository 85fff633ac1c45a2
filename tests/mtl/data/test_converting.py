"""`convert`: a round trip keeps what the target can hold, and says what it cannot."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, read_files, write_examples
from mtl.data.converting import convert, kind_of, writers
from mtl.data.examples import tagged
from mtl.data.formats import ReadOptions
from mtl.errors import InputError, MtlError
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig, TaskKind
from mtl.text import split_words
from tests.mtl.cli.calling import complaint, succeed

DATA = Path(__file__).parents[2] / "data"
NEEDS_SPACY = pytest.mark.skipif(importlib.util.find_spec("spacy") is None, reason="spaCy is not installed")
SPACY = pytest.param("spacy", marks=NEEDS_SPACY)
TEXTS = (
    "jsonl",
    "json",
    "table",
    "xlsx",
    "parquet",
    "doccano",
    "label-studio",
    "prodigy",
    "spacy-json",
    "argilla",
    SPACY,
)
TOKENS = ("conll", "gliner", "huggingface")
ENDINGS = {
    "table": ".csv",
    "conll": ".conll",
    "xlsx": ".xlsx",
    "parquet": ".parquet",
    "spacy": ".spacy",
    "jsonl": ".jsonl",
}
QUIET = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)

# What every format holds: no control characters, which Excel refuses, and no line ends but \n.
characters = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")
texts = st.text(characters | st.sampled_from("\n 😀é\u200f,;|\t\"'"), min_size=1, max_size=30).filter(str.strip)
labels = st.text(characters, min_size=1, max_size=8).map(str.strip).filter(bool)


@st.composite
def with_spans(draw: st.DrawFn) -> TaggedText:
    text = draw(texts.filter(lambda t: bool(split_words(t))))
    words = split_words(text)
    chosen = draw(st.sets(st.sampled_from(range(len(words))), max_size=3))
    spans = [TypedSpan(words[i].start, words[i].end, draw(labels)) for i in sorted(chosen)]
    example = tagged(text, spans)
    assert example is not None
    return example


def round_trip(
    folder: Path, examples: list[Example], kind: TaskKind, name: str
) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    write_examples(folder / "in.jsonl", examples)
    target = folder / f"out{ENDINGS.get(name, '.json')}"
    done = convert(folder / "in.jsonl", target, to=name, kind=kind)
    assert (done.examples, done.rejected) == (len(examples), ())
    named = {"format": name} if name in ("prodigy", "doccano", "label-studio", "argilla", "spacy-json") else {}
    return read_files(TaskConfig.model_validate({"kind": kind, **named}), [str(target)]), done.notes


@pytest.mark.parametrize("name", TEXTS)
@QUIET
@given(examples=st.lists(with_spans(), min_size=1, max_size=4))
def test_entities_of_any_text_are_read_back_as_they_were(tmp_path: Path, name: str, examples: list[TaggedText]):
    found, notes = round_trip(tmp_path, list(examples), TaskKind.TAGGING, name)
    assert found == tuple(examples)
    assert notes == ()


@pytest.mark.parametrize("name", TEXTS)
@QUIET
@given(examples=st.lists(st.builds(LabelledText, texts, labels), min_size=1, max_size=4))
def test_classes_of_any_text_are_read_back_as_they_were(tmp_path: Path, name: str, examples: list[LabelledText]):
    found, notes = round_trip(tmp_path, list(examples), TaskKind.CLASSIFICATION, name)
    assert found == tuple(examples)
    assert notes == ()


several = st.sets(labels, max_size=3).map(lambda found: tuple(sorted(found)))


@pytest.mark.parametrize("name", TEXTS)
@QUIET
@given(
    sets=st.lists(several, min_size=2, max_size=4).filter(lambda sets: any(sets) and not all(len(s) == 1 for s in sets))
)
def test_sets_of_labels_are_read_back_as_they_were(tmp_path: Path, name: str, sets: list[tuple[str, ...]]):
    examples = tuple(MultiLabelText(f"text {i}", own) for i, own in enumerate(sets))
    write_examples(tmp_path / "in.jsonl", examples)
    target = tmp_path / f"out{ENDINGS.get(name, '.json')}"
    convert(tmp_path / "in.jsonl", target, to=name)
    named = {"format": name} if name in ("prodigy", "doccano", "label-studio", "argilla", "spacy-json") else {}
    config = TaskConfig.model_validate({"kind": "classification", "multi_label": True, **named})
    assert read_files(config, [str(target)]) == examples


@pytest.mark.parametrize(
    ("to", "row"),
    [
        ("conll", {"tokens": ["Anna", "a\tb"], "tags": ["B-PER", "O"]}),
        ("conll", {"tokens": ["-DOCSTART-", "Anna"], "tags": ["O", "B-PER"]}),
        ("conll", {"tokens": ["Anna", "a\0b"], "tags": ["B-PER", "O"]}),
        ("table", {"text": "a\0b", "label": "x"}),
        ("xlsx", {"text": "a\x01b", "label": "x"}),
        ("gliner", {"text": "a", "label": "x"}),
    ],
)
def test_what_cannot_be_written_leaves_the_old_file_as_it_was(tmp_path: Path, to: str, row: dict[str, object]):
    (tmp_path / "in.jsonl").write_text(json.dumps(row) + "\n")
    target = tmp_path / f"out{ENDINGS.get(to, '.json')}"
    target.write_bytes(b"what was there")
    with pytest.raises(InputError):
        convert(tmp_path / "in.jsonl", target, to=to)
    assert target.read_bytes() == b"what was there"
    assert {path.name for path in tmp_path.iterdir()} == {"in.jsonl", target.name}


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("text", ["a\rb c", "a\r\nb", "\r", 'a "b"\r', "a\nb"])
def test_line_ends_inside_of_a_text_come_back(tmp_path: Path, suffix: str, text: str):
    examples = (LabelledText(f"x {text} y", "l"), LabelledText("plain", "m"))
    write_examples(tmp_path / "in.jsonl", examples)
    convert(tmp_path / "in.jsonl", tmp_path / f"out{suffix}")
    assert read_files(TaskConfig(kind="classification"), [str(tmp_path / f"out{suffix}")]) == examples


@pytest.mark.parametrize("start", range(2, 7))
def test_spans_of_a_repetitive_text_stay_where_they_were_in_label_studio(tmp_path: Path, start: int):
    example = tagged("😀😀a a a a a a", [TypedSpan(2 * (start // 2), 2 * (start // 2) + 1, "X")])
    write_examples(tmp_path / "in.jsonl", [example])
    convert(tmp_path / "in.jsonl", tmp_path / "out.json", to="label-studio")
    assert read_files(TaskConfig(kind="tagging"), [str(tmp_path / "out.json")]) == (example,)


@pytest.mark.parametrize("name", ["jsonl", "json", "table", "xlsx", "parquet"])
@QUIET
@given(
    examples=st.lists(
        st.builds(ScoredPair, texts, texts, st.integers(0, 1000).map(lambda n: n / 1000)), min_size=1, max_size=4
    )
)
def test_scored_pairs_are_read_back_as_they_were(tmp_path: Path, name: str, examples: list[ScoredPair]):
    assert round_trip(tmp_path, list(examples), TaskKind.SIMILARITY, name)[0] == tuple(examples)


@pytest.mark.parametrize("name", TOKENS)
@pytest.mark.parametrize("file", ["entities.jsonl", "entities-2003.conll", "entities-label-studio.json"])
def test_words_and_tags_are_read_back_as_they_were(tmp_path: Path, name: str, file: str):
    target = tmp_path / f"out{ENDINGS.get(name, '.json')}"
    done = convert(DATA / file, target, to=name)
    config = TaskConfig(kind="tagging")
    assert read_files(config, [str(target)]) == read_files(config, [str(DATA / file)])
    assert not any("spaces" in note for note in done.notes)


@pytest.mark.parametrize("name", TOKENS)
def test_spaces_that_words_cannot_hold_are_kept_with_the_text_or_noted(tmp_path: Path, name: str):
    (tmp_path / "in.jsonl").write_text('{"text": "Anna  left", "spans": []}\n{"text": "b", "spans": []}\n')
    target = tmp_path / f"out{ENDINGS.get(name, '.json')}"
    done = convert(tmp_path / "in.jsonl", target, to=name, kind=TaskKind.TAGGING)
    kept = name != "gliner"
    assert done.notes == (() if kept else ("of 1 row the spaces between words are not kept",))
    first, second = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(target)])
    assert (first.text, second.text) == ("Anna  left" if kept else "Anna left", "b")


@pytest.mark.parametrize("name", ["conll", "huggingface"])
@QUIET
@given(examples=st.lists(with_spans(), min_size=1, max_size=4))
def test_a_text_that_is_not_noted_as_changed_is_kept(tmp_path: Path, name: str, examples: list[TaggedText]):
    write_examples(tmp_path / "in.jsonl", examples)
    target = tmp_path / f"out{ENDINGS.get(name, '.json')}"
    try:
        done = convert(tmp_path / "in.jsonl", target, to=name, kind=TaskKind.TAGGING)
    except MtlError:  # a token that the format cannot hold
        return
    found = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(target)]) if done.examples else ()
    if not done.notes:
        assert found == tuple(examples)


def test_words_that_spans_cannot_hold_and_other_columns_are_noted(tmp_path: Path):
    row = {"id": 7, "url": "x", "text": "U.S. news", "words": [[0, 4], [5, 9]], "tags": ["B-LOC", "O"]}
    (tmp_path / "in.jsonl").write_text(json.dumps(row))
    done = convert(tmp_path / "in.jsonl", tmp_path / "out.jsonl", to="doccano")
    assert set(done.notes) == {
        "the columns id, url are not kept",
        "of 1 row the words that the file cuts texts into are not kept",
    }


@pytest.mark.parametrize("name", [*TOKENS, "doccano", "prodigy"])
def test_what_a_format_cannot_hold_at_all_is_refused(tmp_path: Path, name: str):
    write_examples(tmp_path / "in.jsonl", [ScoredPair("a", "b", 0.5)])
    with pytest.raises(InputError, match="were expected"):
        convert(tmp_path / "in.jsonl", tmp_path / "out", to=name)


def test_wrong_rows_are_left_out_and_returned(tmp_path: Path):
    (tmp_path / "in.csv").write_text("text,label\na,x\n,y\nb,y,z\nc,z\n")
    done = convert(tmp_path / "in.csv", tmp_path / "out.jsonl")
    assert (done.examples, [error.line for error in done.rejected]) == (2, [3, 4])


@pytest.mark.parametrize("file", sorted(DATA.iterdir()), ids=lambda path: path.name)
def test_the_kind_of_a_file_is_told_by_its_content(file: Path):
    if "huggingface" in file.name or "-bare" in file.name:
        pytest.skip("tags that look like no tags")
    options = ReadOptions(columns={"text": "Kommentar", "label": "sentiment"}) if "semi" in file.name else ReadOptions()
    if file.name == "classes-label-studio-min.json":
        options = ReadOptions(columns={"label": "sentiment"})
    assert kind_of(file, options) is (TaskKind.CLASSIFICATION if "classes" in file.name else TaskKind.TAGGING)


def test_the_command_says_what_was_done_and_left_out(tmp_path: Path):
    (tmp_path / "in.csv").write_text("nr;remark;kind\n1;well, yes;x\n2;;y\n3;no;y\n")
    arguments = ("--column", "text=remark", "--column", "label=kind", "--to", "prodigy")
    result = succeed("convert", tmp_path / "in.csv", tmp_path / "out.jsonl", *arguments)
    assert "2 examples of classification" in result.stdout
    assert "note: the columns nr, remark, kind are not kept" in result.stderr
    assert "in.csv:3: text is empty" in result.stderr
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows == [
        {"text": "well, yes", "label": "x", "answer": "accept"},
        {"text": "no", "label": "y", "answer": "accept"},
    ]


def test_a_format_that_is_not_written_is_one_line(tmp_path: Path):
    message = complaint("convert", DATA / "classes.csv", tmp_path / "out.docx")
    assert message == f"--to: a format of {', '.join(writers())} was expected, was '.docx'"


def test_what_a_writer_refuses_names_the_file_that_was_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "spacy", None)
    (tmp_path / "in.jsonl").write_text('{"text": "a", "label": "b"}\n')
    with pytest.raises(MtlError) as error:
        convert(tmp_path / "in.jsonl", tmp_path / "out.spacy")
    assert str(error.value) == f"{tmp_path / 'out.spacy'}: a .spacy file needs spaCy: pip install spacy"
