"""Data files of every format, read as checked examples."""

from mtl.data.examples import Example, LabelledText, ScoredPair, TaggedText, texts_of
from mtl.data.reading import TaskData, labels_of, read_files, read_task

__all__ = [
    "Example",
    "LabelledText",
    "ScoredPair",
    "TaggedText",
    "TaskData",
    "labels_of",
    "read_files",
    "read_task",
    "texts_of",
]
