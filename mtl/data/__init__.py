"""Data files of every format, read as checked examples."""

from mtl.data.examples import Example, LabelledText, ScoredPair, TaggedText, texts_of
from mtl.data.reading import DataFingerprint, TaskData, count_labels, data_fingerprint, labels_of, read_files, read_task

__all__ = [
    "DataFingerprint",
    "Example",
    "LabelledText",
    "ScoredPair",
    "TaggedText",
    "TaskData",
    "count_labels",
    "data_fingerprint",
    "labels_of",
    "read_files",
    "read_task",
    "texts_of",
]
