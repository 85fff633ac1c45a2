"""The file extensions that each upload offers; what a file is, its content decides."""

from demo.settings import Settings

CONLL_FILES = (".conll", ".iob", ".iob2", ".bio")
_RECORDS = (".csv", ".tsv", ".json", ".jsonl", ".xlsx", ".parquet")
_PACKED = (".xlsx", ".parquet", ".spacy")


def text_files(settings: Settings) -> tuple[str, ...]:
    """Of files with a text, or a pair of texts, in each row, and of lines of plain text."""
    return _offered((".txt", *_RECORDS), settings)


def table_files(settings: Settings) -> tuple[str, ...]:
    """Of files with named columns."""
    return _offered((*_RECORDS, ".spacy"), settings)


def tagged_files(settings: Settings) -> tuple[str, ...]:
    """Of files with entities or tags."""
    return _offered((*CONLL_FILES, ".txt", *_RECORDS, ".spacy"), settings)


def _offered(endings: tuple[str, ...], settings: Settings) -> tuple[str, ...]:
    """On a public page without those of files that expand when they are read."""
    return tuple(ending for ending in endings if not (settings.public and ending in _PACKED))
