"""Names that people type, of labels and of themselves."""

_JOINERS = {0x200C: None, 0x200D: None}
"""Invisible characters that words of Persian and of Indic languages need, and some emoji."""


def is_readable(name: str) -> bool:
    """Whether a name is one line without control characters, and not of invisible characters alone."""
    visible = name.translate(_JOINERS)
    return bool(visible.strip()) and visible.isprintable()
