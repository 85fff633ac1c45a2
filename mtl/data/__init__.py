"""Data files of every format, read as checked examples."""

from mtl.data.examples import Example, LabelledText, ScoredPair, TaggedText, texts_of
from mtl.data.reading import TaskData, count_labels, labels_of, read_files, read_task

__all__ = [
    "Example",
    "LabelledText",
    "ScoredPair",
    "TaggedText",
    "TaskData",
    "count_labels",
    "labels_of",
    "read_files",
    "read_task",
    "texts_of",
]
