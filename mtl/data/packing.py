"""Examples of one kind as columns of an Arrow record batch, and back."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.text import Span, WordedText


@dataclass(frozen=True)
class Packing:
    """How a kind of example is kept: the names and Arrow types of its columns, and the way there and back."""

    columns: tuple[tuple[str, str], ...]
    values: Callable[[Any], tuple[object, ...]]
    examples: Callable[..., Iterator[Example]]


def pack(examples: Sequence[Example]) -> bytes:
    """Examples of one kind as an Arrow record batch."""
    import pyarrow

    packing = PACKINGS[type(examples[0])]
    columns = list(zip(*map(packing.values, examples), strict=True))
    schema = _schema(packing)
    arrays = [pyarrow.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    packed: bytes = pyarrow.record_batch(arrays, schema).serialize().to_pybytes()
    return packed


def unpack(packed: bytes, kind: type[Example], rows: slice = slice(None)) -> Iterator[Example]:
    """Some of the examples of a record batch."""
    import pyarrow

    packing = PACKINGS[kind]
    batch = pyarrow.ipc.read_record_batch(pyarrow.py_buffer(packed), _schema(packing))
    begin, end, _ = rows.indices(batch.num_rows)
    columns = [_values(column) for column in batch.slice(begin, max(0, end - begin)).columns]
    return packing.examples(*columns)


def _schema(packing: Packing) -> Any:  # noqa: ANN401
    import pyarrow

    types = {
        "string": pyarrow.string(),
        "number": pyarrow.float64(),
        "strings": pyarrow.list_(pyarrow.string()),
        "offsets": pyarrow.list_(pyarrow.int32()),
    }
    return pyarrow.schema([(name, types[kind]) for name, kind in packing.columns])


def _values(column: Any) -> Iterable[Any]:  # noqa: ANN401
    """The values of a column; those of a list column as tuples."""
    import pyarrow

    if not pyarrow.types.is_list(column.type):
        return list(column.to_numpy(zero_copy_only=False).tolist())
    flat = column.flatten().to_numpy(zero_copy_only=False).tolist()
    starts = column.offsets.to_numpy().tolist()
    return [tuple(flat[begin - starts[0] : end - starts[0]]) for begin, end in pairwise(starts)]


def _tagged(texts: Sequence[str], starts: Sequence[Any], ends: Sequence[Any], tags: Sequence[Any]) -> Iterator[Example]:
    for text, own_starts, own_ends, own_tags in zip(texts, starts, ends, tags, strict=True):
        yield TaggedText(WordedText(text, tuple(map(Span, own_starts, own_ends))), own_tags)


PACKINGS: dict[type[Example], Packing] = {
    LabelledText: Packing(
        (("text", "string"), ("label", "string")),
        lambda e: (e.text, e.label),
        lambda *columns: map(LabelledText, *columns),
    ),
    MultiLabelText: Packing(
        (("text", "string"), ("labels", "strings")),
        lambda e: (e.text, e.labels),
        lambda *columns: map(MultiLabelText, *columns),
    ),
    TaggedText: Packing(
        (("text", "string"), ("starts", "offsets"), ("ends", "offsets"), ("tags", "strings")),
        lambda e: (e.text, [w.start for w in e.worded.words], [w.end for w in e.worded.words], e.tags),
        _tagged,
    ),
    ScoredPair: Packing(
        (("sentence1", "string"), ("sentence2", "string"), ("score", "number")),
        lambda e: (e.sentence1, e.sentence2, e.score),
        lambda *columns: map(ScoredPair, *columns),
    ),
}
"""By the kind of example."""
