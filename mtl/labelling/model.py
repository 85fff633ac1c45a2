"""An engine with what it knows of the texts of a project."""

from collections.abc import Callable
from dataclasses import dataclass

from mtl.fitting import FeaturePool, build_pool
from mtl.inference.engine import Engine
from mtl.labelling.class_learner import ClassLearner
from mtl.labelling.engines import first_used, own_tasks, was_downloaded
from mtl.labelling.learner import Learner
from mtl.labelling.mining import mine_pairs
from mtl.labelling.pair_learner import PairLearner
from mtl.labelling.project import Project
from mtl.labelling.queues import PairQueue, Queue, TextQueue
from mtl.labelling.span_learner import SpanLearner
from mtl.labelling.spec import ProjectKind, ProjectSpec


@dataclass(frozen=True, eq=False)
class ProjectModel:
    """Features of all texts, a learner of the labels of `spec`, and what may be shown.

    It is measured by answers from `since` on, in seconds since the epoch.
    """

    pool: FeaturePool
    queue: Queue
    learner: Learner
    spec: ProjectSpec
    since: float

    @classmethod
    def of(cls, project: Project, engine: Engine, *, progress: Callable[[int, int], None]) -> "ProjectModel":
        """Compute the features of a project's texts, or read them; errors as `build_pool`.

        For pairs, `progress` is told next how far the search for the nearest texts is.
        """
        spec = project.spec
        is_spans = spec.kind is ProjectKind.SPANS
        own = own_tasks(project.folder, spec.task)
        since = first_used(project.folder, engine, (*own, *_may_know(project, engine)))
        pool = build_pool(engine, project.texts, words=is_spans, progress=progress)
        if spec.kind is ProjectKind.PAIRS:
            mined = mine_pairs(project.texts, pool.vectors, progress=progress)
            pairs = PairLearner(pool.vectors, mined)
            shown = PairQueue.of(project.id, mined, cosines=pairs.cosines(mined), texts=len(project.texts))
            return cls(pool, shown, pairs, spec, since)
        learner: Learner
        learner = SpanLearner(engine, pool, spec, own=own) if is_spans else ClassLearner(engine, pool, spec, own=own)
        texts = TextQueue.of(project.id, pool.vectors)
        return cls(pool, texts, learner, spec, since)


def _may_know(project: Project, engine: Engine) -> list[str]:
    """The heads that may have learned from downloaded answers: of the project's labels, or for spans of any of them."""
    if not was_downloaded(project.folder):
        return []
    names, is_spans = set(project.spec.names), project.spec.kind is ProjectKind.SPANS
    return [
        name
        for name, task in engine.tasks.items()
        if (names & set(task.labels) if is_spans else names and names <= set(task.labels))
    ]
