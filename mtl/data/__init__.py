"""Data files of every format, read as checked examples, and examples written as JSONL."""

from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, texts_of
from mtl.data.reading import (
    DataFingerprint,
    TaskData,
    TaskLog,
    count_labels,
    data_fingerprint,
    has_scores,
    labels_of,
    need_readable,
    read_files,
    read_task,
)
from mtl.data.writing import record_of, write_examples

__all__ = [
    "DataFingerprint",
    "Example",
    "LabelledText",
    "MultiLabelText",
    "ScoredPair",
    "TaggedText",
    "TaskData",
    "TaskLog",
    "count_labels",
    "data_fingerprint",
    "has_scores",
    "labels_of",
    "need_readable",
    "read_files",
    "read_task",
    "record_of",
    "texts_of",
    "write_examples",
]
