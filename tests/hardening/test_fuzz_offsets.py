"""Offsets count characters of the text as it was given: `text[start:end] == word`, whatever the text.

`make test` tries a few hundred texts, the same at every run; `HARDENING=full` tries 10,000 of each test.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.training.corrections import Corrections, checked
from mtl.data import read_files
from mtl.data.converting import convert
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig, TaskKind
from mtl.text import clean, split_words
from tests.demo import fakes
from tests.hardening.extent import cases
from tests.mtl.inference.engines import engine_of
from tests.mtl.text.generated import TEXTS
from tests.tiny import save_backbone

_AT_ONCE = 20
PAGE = fakes.settings()
_ANY = st.one_of(TEXTS, st.text(max_size=60), st.text(st.characters(min_codepoint=0x300), max_size=20))
_VISIBLE = _ANY.filter(split_words)
FORMATS = {"jsonl": ".jsonl", "json": ".json", "doccano": ".jsonl", "label-studio": ".json", "prodigy": ".jsonl"}


@pytest.fixture(scope="module", params=["bert", "roberta"])
def engine(request, tmp_path_factory):
    return engine_of(save_backbone(request.param, tmp_path_factory.mktemp(request.param)))


_LABELS = st.sampled_from(["PER", "LOC"])


def _is_marked(part: str) -> bool:
    """Whether a part can be an entity: nobody sees one of white space, and none begins or ends with it."""
    return bool(split_words(part)) and part == part.strip()


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, tuple[TypedSpan, ...]]:
    """A text, and spans of its words or of parts of them, each with a visible character."""
    text = clean(draw(_VISIBLE))
    bounds = sorted(draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = [TypedSpan(a, b, draw(_LABELS)) for a, b in zip(bounds[::2], bounds[1::2], strict=False)]
    return text, tuple(span for span in spans if _is_marked(text[span.start : span.end]))


def test_entities_and_subwords_are_what_stands_in_the_text(engine):
    @cases(300, at_once=_AT_ONCE)
    @given(st.lists(_ANY, min_size=_AT_ONCE, max_size=_AT_ONCE))
    def property_(texts):
        for text, analysis in zip(texts, engine.analyze(texts), strict=True):
            end = 0
            for entity in analysis.entities["names"]:
                assert analysis.text[entity["start"] : entity["end"]] == entity["word"] != ""
                assert end <= entity["start"] < entity["end"] <= len(text)
                end = entity["end"]
            assert len(analysis.text) == len(text)
            assert all(0 <= part.start <= part.end <= len(text) for part in engine.subwords(text))

    property_()


_PAIRS = texts_with_spans()
_MARKED = _PAIRS.filter(lambda one: bool(one[1]))


@cases(300)
@given(_PAIRS)
def test_a_correction_keeps_its_text_and_covers_its_spans(given_):
    text, spans = given_
    corrections = Corrections("somebody", PAGE)
    wanted = checked(clean(text), TaskKind.TAGGING, ("PER", "LOC"), spans)
    corrections.keep("names", wanted)
    (found,) = corrections.of("names")
    corrections.file("names").unlink()
    assert (found.text, found.spans) == (clean(text), wanted.spans)
    assert len(found.spans) == len(spans)
    for span, asked in zip(found.spans, spans, strict=True):
        assert 0 <= span.start < span.end <= len(text)
        assert span.start < asked.end and asked.start < span.end and span.label == asked.label


@pytest.mark.parametrize("name", FORMATS)
def test_an_export_keeps_the_surface_of_spans(tmp_path, name):
    from mtl.data.examples import tagged
    from mtl.data.writing import write_examples

    @cases(300, at_once=_AT_ONCE)
    @given(st.lists(_MARKED, min_size=_AT_ONCE, max_size=_AT_ONCE))
    def property_(given_):
        write_examples(tmp_path / "in.jsonl", [tagged(text, spans) for text, spans in given_])
        target = tmp_path / f"out{FORMATS[name]}"
        convert(tmp_path / "in.jsonl", target, to=name, kind=TaskKind.TAGGING)
        shape = {"format": name} if name not in ("jsonl", "json") else {}
        found = read_files(TaskConfig.model_validate({"kind": "tagging", **shape}), [str(target)])
        for (text, spans), example in zip(given_, found, strict=True):
            surfaces = [(s.label, example.text[s.start : s.end]) for s in example.char_spans()]
            assert example.text == text
            assert surfaces == [(s.label, text[s.start : s.end]) for s in spans]

    property_()
