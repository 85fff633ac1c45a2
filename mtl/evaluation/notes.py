"""What a reader of figures should know of the examples that they come from."""

from collections.abc import Iterator, Sequence

from mtl.data import Example, ScoredPair, count_labels
from mtl.recipe.choices import TaskKind
from mtl.task import TaskInfo, is_contrastive

_SHOWN = 8  # labels


def evaluation_notes(task: TaskInfo, examples: Sequence[Example]) -> Iterator[str]:
    """Labels that the model lacks, with how often they come, and figures that the examples do not give.

    Args:
        task: of the model.
        examples: of the task's kind.
    """
    unknown = {label: count for label, count in count_labels(examples).most_common() if label not in task.labels}
    if unknown:
        counted = "entities" if task.kind is TaskKind.TAGGING else "examples"
        shown = ", ".join(f"{label} ({count:,})" for label, count in list(unknown.items())[:_SHOWN])
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        yield f"the data have labels that the model lacks, so it is wrong there; by number of {counted}: {shown}{more}"
    yield from pair_notes(task, examples)


def pair_notes(task: TaskInfo, examples: Sequence[Example]) -> Iterator[str]:
    """That a correlation with scores is not defined, where it is what the task is measured by."""
    if task.kind is not TaskKind.SIMILARITY or is_contrastive(task):
        return
    scores = {example.score for example in examples if isinstance(example, ScoredPair)}
    if len(scores) < 2:
        pairs = "there is only one pair" if len(examples) == 1 else "all pairs have the same score"
        yield f"{pairs}, so correlations with the scores are not defined and left out"
