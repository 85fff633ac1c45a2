"""Cells of exported tables that a spreadsheet would run as formulas begin with an apostrophe.

The characters are those of the OWASP page "CSV Injection". A cell that has such an apostrophe of its own gets another
one, and readers of such a table, which is told by its columns of an embedding, take one off: what was written comes
back. In any other table an apostrophe is part of the text.
"""

import re
from collections.abc import Sequence

_FORMULA = re.compile(r"'*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_PROTECTED = re.compile(r"'+[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[+-](\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")


def protected(cell: str) -> str:
    """A cell as a spreadsheet shows it instead of running it; numbers stay as they are."""
    return f"'{cell}" if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def unprotected(cell: str) -> str:
    """A cell as it was before `protected`."""
    return cell[1:] if _PROTECTED.match(cell) else cell


def has_protected_cells(names: Sequence[str]) -> bool:
    """Whether a table with these columns is an export of embeddings: it ends in `e0`, `e1` and so on."""
    if "e0" not in names or "text" not in names:
        return False
    own = names[names.index("e0") :]
    return list(own) == [f"e{i}" for i in range(len(own))]
