"""Files that grow when they are read."""

from pathlib import Path

from mtl.data.encoding import read_head

_MAGIC = (b"PAR1", b"PK\x03\x04", b"\x78\x9c", b"\x78\xda", b"\x1f\x8b")


def is_packed(path: Path) -> bool:
    """Whether a file is compressed, by its content: Parquet, Excel, spaCy, zip or gzip.

    Raises:
        DataError: it cannot be read.
    """
    return read_head(path).startswith(_MAGIC)
