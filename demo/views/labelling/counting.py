"""Numbers of texts in sentences."""


def count_of(texts: int) -> str:
    """So many texts."""
    return "1 text" if texts == 1 else f"{texts:,} texts"


def pairs(count: int) -> str:
    """So many pairs."""
    return "1 pair" if count == 1 else f"{count:,} pairs"


def labelled(texts: int, label: str = "") -> str:
    """That so many texts are labelled now, as a sentence."""
    return f"{count_of(texts)} {'is' if texts == 1 else 'are'} labelled{f' {label}' if label else ''}."
