"""A checkpoint's own evaluation sample: a few labelled dev examples of each task, beside the weights.

A faster way to run the model is compared on them before it is taken; see `mtl.inference.autotune`.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mtl.checkpoint.config import SAMPLE_FOLDER
from mtl.data import Example, read_files, write_examples
from mtl.recipe.tasks import TaskConfig
from mtl.task import TaskInfo

Sample = Mapping[str, Sequence[Example]]
"""Examples by task."""


def drawn(examples: Sequence[Example], size: int) -> Sequence[Example]:
    """At most so many examples, evenly spread over all of them."""
    if len(examples) <= size:
        return examples
    return [examples[i * len(examples) // size] for i in range(size)]


def write_sample(folder: Path, sample: Sample) -> None:
    """Write a file for each task into the sample's folder of a checkpoint; tasks without examples get none."""
    for name, examples in sample.items():
        if examples:
            (folder / SAMPLE_FOLDER).mkdir(exist_ok=True)
            write_examples(folder / SAMPLE_FOLDER / f"{name}.jsonl", examples)


def read_sample(folder: Path, tasks: Mapping[str, TaskInfo]) -> dict[str, Sequence[Example]]:
    """The sample of a checkpoint by task; a task without one is left out.

    Raises:
        DataError: a file of it is damaged.
    """
    found = {}
    for name, task in tasks.items():
        file = folder / SAMPLE_FOLDER / f"{name}.jsonl"
        if file.is_file():
            found[name] = read_files(TaskConfig(kind=task.kind, multi_label=task.multi_label), [str(file)])
    return found
