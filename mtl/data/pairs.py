"""Pairs of sentences: with a score, or without one such as triplets of a sentence, its partner and a hard negative."""

from collections.abc import Iterator

from mtl.data.examples import ScoredPair
from mtl.data.formats import Source
from mtl.data.place import ReadLog, Row
from mtl.data.rows import read_rows
from mtl.errors import DataError
from mtl.recipe.choices import SimilarityLoss
from mtl.recipe.tasks import TaskConfig
from mtl.task import is_contrastive
from mtl.text import clean


def read_pairs(source: Source, config: TaskConfig, log: ReadLog | None) -> Iterator[ScoredPair]:
    """The pairs of a file: one of a row, and of a triplet a second one with the hard negative and the score 0.

    A pair without a score has 1. Where a file has scores, a column `negative` is read only if `columns` names it.

    Raises:
        DataError: no row has a score or a negative, so that a loss that learns from scores has nothing to learn.
    """
    bad = (log or ReadLog()).bad
    differs = False
    row = None
    for row in read_rows(source, log):
        has_score = "score" in row.values
        reads_negative = not has_score or source.chosen("negative") is not None
        try:
            found = [_scored(row, config)]
            if reads_negative and _has_negative(row):
                found.append(ScoredPair(found[0].sentence1, clean(row.text("negative")), 0.0))
        except DataError as error:
            bad(error)
            continue
        differs = differs or has_score or len(found) > 1
        if log is not None and not has_score:
            log.note(f"{source.path.name}: there is no column score, so each pair has the score 1")
        if log is not None and not reads_negative and "negative" in row.values:
            log.note(f"{source.path.name}: the column negative is not read, since there are scores")
        yield from found
    if row is not None and not differs and not is_contrastive(config):
        loss = config.head.loss or SimilarityLoss.COSENT
        raise DataError(
            f"a score or a negative was expected for loss: {loss}, no pair has one; loss: multiple_negatives learns "
            "from pairs alone",
            path=source.path,
        )


def _scored(row: Row, config: TaskConfig) -> ScoredPair:
    low, high = config.score_range
    score = row.number("score") if "score" in row.values else high
    if not low <= score <= high:
        message = f"a score from {low:g} to {high:g} was expected, was {score:g} (set score_range)"
        raise row.where.error(message, "score")
    first, second = clean(row.text("sentence1")), clean(row.text("sentence2"))
    return ScoredPair(first, second, (score - low) / (high - low))


def _has_negative(row: Row) -> bool:
    """Whether there is a value; tables write a missing one as nothing, as blanks, or as a number that is none."""
    value = row.values.get("negative")
    is_blank = isinstance(value, str) and not value.strip()
    return value is not None and not is_blank and value == value
