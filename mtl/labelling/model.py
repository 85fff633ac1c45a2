"""An engine with what it knows of the texts of a project."""

from collections.abc import Callable
from dataclasses import dataclass

from mtl.fitting import FeaturePool, build_pool
from mtl.inference.engine import Engine
from mtl.labelling.choosing import Neighbourhood
from mtl.labelling.class_learner import ClassLearner
from mtl.labelling.engines import first_used
from mtl.labelling.learner import Learner
from mtl.labelling.project import Project
from mtl.labelling.span_learner import SpanLearner
from mtl.labelling.spec import ProjectKind, ProjectSpec


@dataclass(frozen=True, eq=False)
class ProjectModel:
    """Features of all texts and a learner of the labels of `spec`.

    It is measured by answers from `since` on, in seconds since the epoch.
    """

    pool: FeaturePool
    near: Neighbourhood
    learner: Learner
    spec: ProjectSpec
    since: float

    @classmethod
    def of(cls, project: Project, engine: Engine, *, progress: Callable[[int, int], None]) -> "ProjectModel":
        """Compute the features of a project's texts, or read them; errors as `build_pool`."""
        spec = project.spec
        is_spans = spec.kind is ProjectKind.SPANS
        pool = build_pool(engine, project.texts, words=is_spans, progress=progress)
        learner: Learner = SpanLearner(engine, pool, spec) if is_spans else ClassLearner(engine, pool, spec)
        return cls(pool, Neighbourhood(pool.vectors), learner, spec, first_used(project.folder, engine, spec.task))
