"""Bytes of any kind give a result or an error of ours, in bounded time and memory.

`make test` reads a few hundred files of each kind, the same at every run. With `HARDENING=full` in the environment it
reads 10,000 of each.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from demo.reading import read_in_child
from mtl.errors import InputError
from tests.demo import fakes
from tests.hardening.extent import cases
from tests.hardening.fuzz_jobs import read_all

_AT_ONCE = 20  # files that one child reads
PAGE = fakes.settings(training="capped")
DATA = Path(__file__).parents[1] / "data"
SUFFIXES = (".csv", ".tsv", ".jsonl", ".json", ".conll", ".txt", ".xlsx", ".parquet", ".spacy")

_PIECES = st.sampled_from(
    [
        b"text", b"label", b"labels", b"tokens", b"tags", b"spans", b"words", b"start", b"end", b"data", b"annotations",
        b"result", b"value", b"entities", b"cats", b"fields", b"sentence1", b"sentence2", b"score", b"ner", b"null",
        b"true", b"NaN", b"Infinity", b"-1", b"0", b"1", b"1e999", b"0.5", b"9" * 30, b"{", b"}", b"[", b"]", b'"',
        b"'", b",", b":", b";", b"\t", b"|", b"\n", b"\r", b"\r\n", b"\n\n", b"\\", b"\\u0000", b"\\ud800", b"\0",
        b"\xff\xfe", b"\xef\xbb\xbf", b"\xfe\xff", b"\x00\x00\xfe\xff", b"\xc3", b"\xf0\x9f\x98\x80", b"B-PER",
        b"I-PER", b"O", b"S-X", b"#", b"# text = a", b"-DOCSTART-", b"#FORMAT=WebAnno TSV", b" ", b"a", b"Anna",
        b'{"text":"a b","label":"x"}\n', b'{"tokens":["a"],"tags":["O"]}\n', b'"text","label"\n',
        b'{"text":"Anna","spans":[{"start":0,"end":4,"label":"P"}]}\n', b"text,label\n", b"a,b\n", b"Anna\tB-PER\n",
    ]
)  # fmt: skip
_SOUP = st.lists(_PIECES, max_size=40).map(b"".join)


def _samples(suffix: str) -> list[bytes]:
    found = [file.read_bytes()[:4000] for file in sorted(DATA.iterdir()) if file.suffix == suffix]
    if suffix == ".parquet":
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table({"text": ["one", "two", None], "label": ["a", "b", "a"], "n": [[1], [], None]}), sink)
        found.append(sink.getvalue().to_pybytes())
    if suffix == ".xlsx":
        import io

        from openpyxl import Workbook

        book, buffer = Workbook(), io.BytesIO()
        for row in (("text", "label"), ("one", "a"), ("two", 2.5), (None, "b")):
            book.active.append(row)
        book.save(buffer)
        found.append(buffer.getvalue())
    return found


@st.composite
def changed(draw: st.DrawFn, samples: list[bytes]) -> bytes:
    """A sample with some stretches replaced, taken out or doubled."""
    content = draw(st.sampled_from(samples))
    for _ in range(draw(st.integers(1, 4))):
        begin = draw(st.integers(0, len(content)))
        end = min(len(content), begin + draw(st.integers(0, 30)))
        put = draw(st.one_of(_PIECES, st.binary(max_size=4), st.just(content[begin:end] * 2)))
        content = content[:begin] + put + content[end:]
    return content


def _files(suffix: str) -> st.SearchStrategy[bytes]:
    samples = _samples(suffix)
    kinds = [st.binary(max_size=200), _SOUP] + ([changed(samples)] * 3 if samples else [])
    return st.one_of(kinds)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_bytes_give_a_result_or_an_error_of_ours(suffix):
    @cases(200, at_once=_AT_ONCE)
    @given(st.lists(_files(suffix), min_size=_AT_ONCE, max_size=_AT_ONCE))
    def property_(contents):
        try:
            wrong = read_in_child(read_all, contents, suffix, path=Path(f"given{suffix}"), settings=PAGE)
        except InputError as error:  # a limit, which is a sentence
            assert suffix in (".parquet", ".xlsx"), error  # none of the others is near one
            return
        assert wrong == []

    property_()
