"""Any number of examples as a sequence that makes them when they are read, so that few are in memory."""

from collections.abc import Iterable, Iterator, Sequence
from typing import overload

from mtl.data.examples import Example
from mtl.data.packing import pack, unpack
from mtl.scratch import BlobStore
from mtl.stopping import check_stop

CHUNK = 4096
"""Examples that are packed together."""


class StoredExamples(Sequence[Example]):
    """Examples of one kind in order: whole chunks packed, the rest as they are. Equal to any sequence of equal ones.

    Args:
        examples: are taken one at a time.

    Raises:
        StorageError: the disk is full.
    """

    def __init__(self, examples: Iterable[Example] = ()) -> None:
        self._chunk = CHUNK
        self._packed = BlobStore()
        self._kind: type[Example] | None = None
        rest: list[Example] = []
        for example in examples:
            rest.append(example)
            if len(rest) == self._chunk:
                self._kind = type(example)
                self._packed.append(pack(rest))
                rest.clear()
        self._rest = tuple(rest)

    def __len__(self) -> int:
        return len(self._packed) * self._chunk + len(self._rest)

    def __iter__(self) -> Iterator[Example]:
        return self._from(0)

    @overload
    def __getitem__(self, index: int) -> Example: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Example]: ...
    def __getitem__(self, index: int | slice) -> Example | Sequence[Example]:
        if isinstance(index, slice):
            begin, end, step = index.indices(len(self))
            if step != 1:
                return tuple(self[i] for i in range(begin, end, step))
            examples = self._from(begin)
            return tuple(example for example, _ in zip(examples, range(begin, end), strict=False))
        at = index + len(self) if index < 0 else index
        if not 0 <= at < len(self):
            raise IndexError(f"an example below {len(self)} was expected, was {index}")
        chunk, row = divmod(at, self._chunk)
        if chunk == len(self._packed):
            return self._rest[row]
        assert self._kind is not None
        return next(unpack(self._packed[chunk], self._kind, slice(row, row + 1)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]  # as long as the data

    def __repr__(self) -> str:
        return f"<{len(self)} examples>"

    def _from(self, begin: int) -> Iterator[Example]:
        """The examples from one on."""
        first, row = divmod(begin, self._chunk)
        for number in range(first, len(self._packed)):
            assert self._kind is not None
            check_stop()
            yield from unpack(self._packed[number], self._kind, slice(row, None))
            row = 0
        yield from self._rest[row:] if first <= len(self._packed) else ()
