"""CoNLL: a token and its tags in columns, a blank line between sentences.

Fields are separated by tabs where a line has one, else by blanks; a non-breaking space separates nothing. The column of
the tag is the last one that holds tags throughout, in files that count their words the first one (GermEval, CoNLL-U).
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mtl.data.encoding import read_lines
from mtl.data.examples import Example
from mtl.data.formats.interface import Format, Source
from mtl.data.formats.writing import note_lost_spaces, original_text, tagged_only, words_of
from mtl.data.place import Place, ReadLog, Row
from mtl.errors import DataError, InputError
from mtl.labels import OUTSIDE, split_tag
from mtl.recipe.choices import TaskKind

CONLL_SUFFIXES = (".conll", ".iob", ".iob2", ".bio", ".bioes", ".txt", ".tsv", ".conllu")
_DOCUMENT_START = "-DOCSTART-"
_TAG = re.compile(r"[Oo]|[BIESLUbieslu]-.+")
_BLANKS = re.compile(r"[ \t]+")
_BREAKS = re.compile(r"[\t\r\n]")
_MOST = 5000  # lines by which columns are told
_BARE = 60  # types that tags without a prefix may have
_TOKENS = ("token", "word", "form", "text")
_TAGS = ("tag", "ner", "ner_tag", "label", "entity")
_LINE = re.compile(r"[^\s\0]([^\t\r\n\0\v\f\x1c-\x1e\x85\u2028\u2029]*[^\s\0])?")
_TEXT = re.compile(r"#\s*text\s*=(.*)")
_HEADER = "# global.columns ="


@dataclass(frozen=True, slots=True)
class Columns:
    """Where token and tag stand in a line, from 0; a negative tag counts from the end."""

    token: int
    tag: int
    counted: bool = False
    """Whether the first column counts the words of each sentence."""
    trailing: bool = False
    """Whether every line ends with a tab that means nothing."""
    types: frozenset[str] = frozenset()
    """Tags without a prefix, where all are like that."""
    width: int = 0
    """How many fields most lines have."""
    header: int | None = None
    """The number of the line that names the columns."""


def read_conll(source: Source, log: ReadLog) -> Iterator[Row]:
    """Each sentence as `tokens` and `tags`, with its `text` where a comment says it (`# text = …`, as CoNLL-U does).

    Raises:
        DataError: a line has no token or no tag, or a column that was named is not there.
    """
    columns = columns_of(source)
    if source.kind is None:
        log.note(f"{source.path.name}: read as CoNLL, each sentence as a text")
    if columns.counted:
        number = columns.tag + 1 if columns.tag >= 0 else columns.width + columns.tag + 1
        log.note(f"{source.path.name}: column 1 counts the words; the tag is read from column {number}")
    tokens: list[str] = []
    tags: list[str] = []
    first: int | None = None
    original: str | None = None
    for number, line in read_lines(source.path, log):
        if not line.strip(" \t"):
            if tokens:
                yield _row(source, first, tokens, tags, original)
                original = None
            tokens, tags, first = [], [], None
        elif number != columns.header and _is_comment(line, columns):
            said = _TEXT.match(line)
            original = said[1].strip() if said else original
        elif number != columns.header:
            where = Place(source.path, number)
            token, tag = _token(line, columns, where)
            first = first or number
            tokens.append(token)
            tags.append(tag)
    if tokens:
        yield _row(source, first, tokens, tags, original)


def _row(source: Source, first: int | None, tokens: list[str], tags: list[str], text: str | None) -> Row:
    values: dict[str, object] = {"tokens": tokens, "tags": tags}
    return Row(Place(source.path, first), values if text is None else {**values, "text": text})


def columns_of(source: Source) -> Columns:
    """Where token and tag stand, by what the user said and by the first lines.

    Raises:
        DataError: a name is not among those of the columns, or no names are known.
    """
    beginning = source.whole_lines[:_MOST]
    lines = [(i, line) for i, line in enumerate(beginning, start=1) if line.strip(" \t")]
    trailing = bool(lines) and all(line.endswith("\t") for _, line in lines if not line.startswith("#"))
    header, names = _header(lines)
    counted = _counts(beginning, header)
    tokens = [line for i, line in lines if i != header and not (_is_note(line) or (counted and line.startswith("#")))]
    rows = [row for row in (_fields(line, trailing) for line in tokens) if len(row) > 1]
    token = _place(source, "token", names)
    tag = _place(source, "tag", names)
    if token is None:
        token = next((names.index(name) for name in _TOKENS if name in names), int(counted))
    if tag is None:
        tag = next((names.index(name) for name in _TAGS if name in names), None)
    if tag is None:
        tag = _tag_column(rows, token, counted)
    marked = {row[tag].strip() for row in rows if -len(row) <= tag < len(row)} - {"O", "o", ""}
    types = frozenset() if any("-" in one for one in marked) else frozenset(marked)
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    return Columns(token, tag, counted, trailing, types, width, header)


def _place(source: Source, role: str, names: Sequence[str]) -> int | None:
    chosen = source.chosen(role)
    if chosen is None:
        return None
    if isinstance(chosen, int) or re.fullmatch(r"-?\d+", chosen):
        number = int(chosen)
        if number == 0:
            raise DataError(f"columns are numbered from 1, or from -1 at the end, was 0 for {role}", path=source.path)
        return number - 1 if number > 0 else number
    if chosen.strip().lower() in names:
        return names.index(chosen.strip().lower())
    known = f"one of {', '.join(names)}" if names else "a number, since the file names no columns,"
    raise DataError(f"the column of the {role} is {known} was expected, was {chosen!r}", path=source.path)


def _header(lines: Sequence[tuple[int, str]]) -> tuple[int | None, list[str]]:
    """The line that names the columns, and the names in lower case."""
    for number, line in lines[:50]:
        if line.startswith(_HEADER):
            return number, _BLANKS.split(line.removeprefix(_HEADER).strip().lower())
    if not lines:
        return None, []
    number, line = lines[0]
    names = [name.strip().lower() for name in _fields(line, trailing=False)]
    is_header = bool(set(_TOKENS) & set(names[:-1])) and bool(set(_TAGS) & set(names)) and not _TAG.fullmatch(names[-1])
    return (number, names) if is_header else (None, [])


def _counts(lines: Sequence[str], header: int | None) -> bool:
    """Whether the first column counts the words of each sentence, and there are two more."""
    expected, seen = 1, 0
    for number, line in enumerate(lines, start=1):
        if not line.strip(" \t"):
            expected = 1
        elif number != header and not line.startswith(("#", _DOCUMENT_START)):
            fields = _fields(line, trailing=False)
            if len(fields) < 3 or not re.match(rf"{expected}(?![\d])|{expected - 1}\.\d", fields[0]):
                return False
            seen += 1
            expected += fields[0].isdecimal()
    return seen > 0


def _tag_column(rows: Sequence[Sequence[str]], token: int, counted: bool) -> int:
    """The column that holds tags throughout: the last one, counted from the end where lines differ in length."""
    if not rows:
        return -1
    if not counted and all(_TAG.fullmatch(row[-1].strip()) for row in rows):
        return -1
    width = min(map(len, rows))
    whole = [i for i in range(token + 1, width) if all(_TAG.fullmatch(row[i].strip()) for row in rows)]
    if whole:
        return whole[0] if counted else whole[-1]
    shares = [sum(bool(_TAG.fullmatch(row[i].strip())) for row in rows) / len(rows) for i in range(token + 1, width)]
    last = sum(bool(_TAG.fullmatch(row[-1].strip())) for row in rows) / len(rows)
    best = max(shares, default=0.0)
    return token + 1 + shares.index(best) if best > max(last, 0.5) else -1


def _fields(line: str, trailing: bool) -> list[str]:
    if "\t" in line:
        return line.removesuffix("\t").split("\t") if trailing else line.split("\t")
    return _BLANKS.split(line.strip(" \t"))


def _is_note(line: str) -> bool:
    """A line that is no token whatever the columns: used only to learn where they are."""
    return line.startswith(_DOCUMENT_START) or (line.startswith("#") and not line.startswith("#\t"))


def _is_comment(line: str, columns: Columns) -> bool:
    """A document mark, or a line that begins with `#` and is not that token with a tag where tags stand."""
    if line.startswith(_DOCUMENT_START):
        return True
    if not line.startswith("#"):
        return False
    if columns.counted:
        return True
    fields = _fields(line, columns.trailing)
    has_tag = len(fields) > 1 and -len(fields) <= columns.tag < len(fields) and _is_tag(fields[columns.tag], columns)
    if line.startswith("# ") and "\t" not in line:
        return not has_tag or len(fields) > max(columns.width, 2)
    return not has_tag and "\t" not in line and len(fields) != columns.width


def _is_tag(field: str, columns: Columns) -> bool:
    return bool(_TAG.fullmatch(field.strip())) or field.strip() in columns.types


def _token(line: str, columns: Columns, where: Place) -> tuple[str, str]:
    fields = _fields(line, columns.trailing)
    if len(fields) < 2 or not (-len(fields) <= columns.tag < len(fields)) or columns.token >= len(fields):
        raise where.error(f"a token and a tag with a tab between were expected, was {line[:60]!r}")
    token, tag = fields[columns.token].strip(), fields[columns.tag].strip()
    if not token:
        raise where.error("the token is empty")
    try:
        split_tag(tag)
    except DataError as error:
        if _TAG.fullmatch(tag) is None and not (columns.types and tag and "-" not in tag):
            raise where.error(str(error), "tag") from error
    return token, tag


def is_conll(source: Source) -> bool:
    """Whether most lines are a token with a tag; for a tagging task, whether it is no table of sentences."""
    lines = [line for line in source.whole_lines[:_MOST] if line.strip(" \t") and not _is_note(line)]
    if source.kind is TaskKind.TAGGING:
        return bool(lines) or source.suffix in CONLL_SUFFIXES
    by_ending = source.suffix in CONLL_SUFFIXES and source.suffix not in (".txt", ".tsv")
    return source.kind is None and not source.chosen("text") and (by_ending or has_tags(source))


def has_tags(source: Source) -> bool:
    """Whether nearly every line is a token with tags, of which some are `O`."""
    lines = [line for line in source.whole_lines[:_MOST] if not line.startswith(("#", _DOCUMENT_START))]
    rows = [_fields(line, trailing=line.endswith("\t"))[1:] for line in lines if line.strip(" \t")]
    if not any(field.upper() == OUTSIDE for row in rows for field in row):
        return False
    tagged = sum(any(_TAG.fullmatch(field.strip()) for field in row) for row in rows)
    return tagged > 0.9 * len(rows) or _has_bare_tags(lines)


def _has_bare_tags(lines: Sequence[str]) -> bool:
    """Whether lines are tokens with types without a prefix, such as `LOC`, and some `O`, with blank lines between."""
    rows = [_fields(line, trailing=line.endswith("\t")) for line in lines if line.strip(" \t")]
    ends = [index for index, line in enumerate(lines) if not line.strip(" \t")]
    tags = Counter(row[-1].strip() for row in rows)
    same = Counter(map(len, rows)).most_common(1)[0]
    return (
        same[0] > 1
        and same[1] > 0.9 * len(rows)
        and any(0 < index < len(lines) - 1 for index in ends)
        and tags["O"] > 0.05 * len(rows)
        and len(tags) <= min(_BARE, len(rows) / 4)
        and all(" " not in tag for tag in tags)
    )


def write_conll(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """A token and its tag with a tab between, in BIO2; before them the original text where they do not give it.

    Raises:
        InputError: the examples hold no entities, or a label or word has a tab or a line end.
    """
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for example in tagged_only(examples, "CoNLL"):
            if not example.tags:
                log.leave_out("it has no words, and CoNLL holds nothing else")
                continue
            text = original_text(example)
            if text is not None and _LINE.fullmatch(text):
                file.write(f"# text = {text}\n")
            else:
                note_lost_spaces(example, log)
            for token, tag in zip(words_of(example), example.tags, strict=True):
                line = f"{token}\t{tag}"
                lost = _is_note(line) or line.startswith(_DOCUMENT_START) or "\0" in line
                if lost or _BREAKS.search(token + tag) or token != token.strip() or tag != tag.strip():
                    raise InputError(f"words and labels of one line were expected, CoNLL cannot hold {(token, tag)!r}")
                file.write(f"{line}\n")
            file.write("\n")


CONLL = Format("conll", "a token and its tag a line, a blank line between sentences", is_conll, read_conll, write_conll)
