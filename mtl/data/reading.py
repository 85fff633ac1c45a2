"""A task's files as examples, checked at the door."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from mtl.data.columns import FURTHER_ROLES, ROLES
from mtl.data.encoding import read_head
from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.data.formats import ReadOptions, Source
from mtl.data.hub import dataset_rows, fetch_dataset, is_split
from mtl.data.label_sets import with_label_sets
from mtl.data.pairs import read_pairs
from mtl.data.place import ReadLog, Row, UnclosedQuoteError
from mtl.data.rereading import RereadRows
from mtl.data.rows import read_rows
from mtl.data.stored import StoredExamples
from mtl.data.tagging import read_tagging
from mtl.errors import DataError
from mtl.labels import POSITIVE_SCORE, stable_order
from mtl.recipe.choices import HUB_PREFIX, SimilarityLoss, TaskKind
from mtl.recipe.tasks import HeadConfig, TaskConfig
from mtl.stopping import check_stop
from mtl.task import is_contrastive
from mtl.text import clean

_CHECK_EVERY = 256  # examples


@dataclass(frozen=True)
class TaskData:
    """One task's examples. `labels` are classes, or entity types for tagging; empty for similarity."""

    name: str
    config: TaskConfig
    train: Sequence[Example]
    dev: Sequence[Example]
    labels: tuple[str, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataFingerprint:
    """What a task's data were: sha256 of the content of train and dev in order, and their numbers of examples."""

    train: str
    train_rows: int
    dev: str
    dev_rows: int


def data_fingerprint(data: TaskData) -> DataFingerprint:
    """Equal for equal examples in equal order, whatever files they come from."""
    return DataFingerprint(_sha256(data.train), len(data.train), _sha256(data.dev), len(data.dev))


def _sha256(examples: Sequence[Example]) -> str:
    digest = hashlib.sha256()
    for example in examples:
        digest.update(repr(_content(example)).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _content(example: Example) -> tuple[object, ...]:
    match example:
        case LabelledText(text, label):
            return text, label
        case MultiLabelText(text, labels):
            return text, labels
        case ScoredPair(first, second, score):
            return first, second, score
        case TaggedText(worded, tags):
            return worded.text, [(word.start, word.end) for word in worded.words], tags


class TaskLog(ReadLog):
    """Keeps notes; a row whose quote is never closed is left out and noted, any other wrong row is refused."""

    def __init__(self) -> None:
        super().__init__(self._reject)
        self.rejected: list[DataError] = []

    def _reject(self, error: DataError) -> None:
        if not isinstance(error, UnclosedQuoteError):
            raise error
        self.rejected.append(error)

    @property
    def notes(self) -> tuple[str, ...]:
        """The notes, and each row that was left out."""
        return (
            *super().notes,
            *(f"1 row is left out: {e.sentence(lambda path: Path(path).name)}" for e in self.rejected),
        )


def read_files(
    config: TaskConfig, files: Sequence[str], *, split: str = "dev", log: ReadLog | None = None, most: int | None = None
) -> Sequence[Example]:
    """The examples of files of one task, in order, of which few are in memory.

    Args:
        config: the task.
        files: paths, or Hub data sets.
        split: `train` or `dev`, which chooses the file of a Hub data set.
        log: takes what the user should know, and the errors of rows; without one every wrong row is refused and no
            column is guessed.
        most: how many examples to read; None for all.

    Raises:
        DataError: a file is missing, wrong in a line, or there is not one example.
        StorageError: the disk is full.
    """
    return StoredExamples(_examples(config, (_source(config, file, split) for file in files), log, most))


def need_readable(file: str) -> None:
    """Refuse a file before the work is done for which it is read; a Hub data set is refused when it is read.

    Raises:
        DataError: it is missing, or cannot be read.
    """
    if not file.startswith(HUB_PREFIX):
        read_head(Path(file))


def _examples(
    config: TaskConfig, sources: Iterable[Source], log: ReadLog | None, most: int | None
) -> Iterator[Example]:
    count = 0
    for source in sources:
        if count == most:
            return
        before, rejected = count, len(log.rejected) if isinstance(log, TaskLog) else 0
        for example in islice(_read(config, source, log), None if most is None else most - before):
            count += 1
            if count % _CHECK_EVERY == 0:
                check_stop()
            yield example
        if count == before:
            if isinstance(log, TaskLog) and len(log.rejected) > rejected:
                raise log.rejected[rejected]
            raise DataError("at least one example was expected, the file has none", path=source.path, line=1)


def has_scores(config: TaskConfig, file: str) -> bool:
    """Whether the pairs of a file of a similarity task have scores; errors as `read_files`."""
    unscored = config.model_copy(update={"head": HeadConfig(loss=SimilarityLoss.MULTIPLE_NEGATIVES)})
    rows = read_rows(_source(unscored, file, "train"), ReadLog(lambda _: None))
    return any("score" in row.values for row in islice(rows, 1))


def read_task(name: str, config: TaskConfig, *, accepted: int | None = None) -> TaskData:
    """The train and dev data of a task of a recipe, with its labels in stable order.

    Args:
        name: of the task.
        config: the task.
        accepted: how many examples train and dev may have together; None for any number. No more are read.

    Raises:
        DataError: as `read_files`; or the training data cannot train the task, or there are too many examples.
    """
    log = TaskLog()
    try:
        train = _part(config, "train", log, accepted)
        dev = _part(config, "dev", log, None if accepted is None else accepted - len(train))
    except DataError as error:
        error.key = f"tasks.{name}.{error.key}" if error.key == "format" else error.key
        raise
    labels = labels_of(train)
    if config.multi_label and train and not labels:
        raise DataError(
            f"at least one label was expected for {name}, every set of labels is empty", path=config.train[0]
        )
    if config.kind is TaskKind.CLASSIFICATION and not config.multi_label and train and len(labels) < 2:
        raise DataError(f"at least two labels were expected for {name}, was only {labels[0]!r}", path=config.train[0])
    if config.kind is TaskKind.TAGGING and train and not labels:
        raise DataError(f"at least one entity was expected for {name}, every tag is O", path=config.train[0])
    if is_contrastive(config) and train and not any(isinstance(e, ScoredPair) and e.is_positive for e in train):
        low, high = config.score_range
        least = f"{low + POSITIVE_SCORE * (high - low):g}"
        raise DataError(f"at least one pair with a score from {least} was expected for {name}", path=config.train[0])
    unseen = sorted(set(labels_of(dev)) - set(labels)) if train else []
    notes = tuple(f"{name}: {note}" for note in log.notes)
    notes += (f"{name}: dev has labels that train lacks: {', '.join(unseen)}",) if unseen else ()
    return TaskData(name, config, train, dev, labels or labels_of(dev), notes)


def _part(config: TaskConfig, split: str, log: TaskLog, left: int | None) -> Sequence[Example]:
    """The examples of a split, of which `left` are accepted."""
    files, most = (config.train, config.max_rows) if split == "train" else (config.dev, None)
    is_drawn = split == "train" and most is not None and config.take == "drawn"
    bounds = [None if is_drawn else most, None if left is None else left + 1]
    least = min((bound for bound in bounds if bound is not None), default=None)
    examples = read_files(config, files, split=split, log=log, most=least)
    if left is not None and len(examples) > left:
        raise DataError(f"{split} was expected to have at most {left:,} examples, it has more", path=files[0])
    if most is not None and is_drawn and len(examples) > most:
        return [examples[row] for row in sorted(random.Random(0).sample(range(len(examples)), most))]
    return examples


def labels_of(examples: Sequence[Example]) -> tuple[str, ...]:
    """The classes or entity types that occur, in stable order."""
    return stable_order(count_labels(examples))


def count_labels(examples: Sequence[Example]) -> Counter[str]:
    """How many examples each class has, or how many entities each type; empty for similarity."""
    counts: Counter[str] = Counter()
    for example in examples:
        if isinstance(example, LabelledText):
            counts[example.label] += 1
        elif isinstance(example, MultiLabelText):
            counts.update(example.labels)
        elif isinstance(example, TaggedText):
            counts.update(tag[2:] for tag in example.tags if tag.startswith("B-"))
    return counts


def _source(config: TaskConfig, file: str, split: str) -> Source:
    numbers = any(label.isdecimal() for label in config.map_labels)
    options = ReadOptions(config.format, dict(config.columns.items()), keep_numbers=numbers)
    wanted = ("text",) if config.multi_label else ROLES[config.kind]
    optional = (*FURTHER_ROLES[config.kind], *(("score",) if is_contrastive(config) else ()))
    if file.startswith(HUB_PREFIX) and is_split(file):
        rows = partial(dataset_rows, file, split=split, keep_numbers=numbers)
        return Source(Path(file), config.kind, wanted, options, rows, optional)
    path = fetch_dataset(file, split=split) if file.startswith(HUB_PREFIX) else Path(file)
    return Source(path, config.kind, wanted, options, optional=optional)


def _read(config: TaskConfig, source: Source, log: ReadLog | None) -> Iterator[Example]:
    if config.kind is TaskKind.TAGGING:
        yield from read_tagging(source, config.map_labels, log)
        return
    if config.kind is TaskKind.SIMILARITY:
        yield from read_pairs(source, config, log)
        return
    bad = (log or ReadLog()).bad
    if config.multi_label:
        for row, labels in with_label_sets(RereadRows(partial(read_rows, source), log), source.path):
            named = stable_order(config.map_labels.get(label, label) for label in labels)
            yield MultiLabelText(clean(row.text("text")), named)
        return
    for row in read_rows(source, log):
        try:
            example = _labelled(row, config)
        except DataError as error:
            bad(error)
            continue
        yield example


def _labelled(row: Row, config: TaskConfig) -> LabelledText:
    label = row.label("label")
    return LabelledText(clean(row.text("text")), config.map_labels.get(label, label))
