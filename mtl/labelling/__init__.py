"""Label texts while the model learns: after each answer its guesses are new.

from mtl.labelling import LabelHint, LabellingSession, ProjectKind, ProjectSpec, create_project

spec = ProjectSpec("topic", ProjectKind.CLASSES, (LabelHint("sport"), LabelHint("travel", "journeys and hotels")))
project = create_project(root, texts, spec)            # or open_project(folder), list_projects(root)
session = LabellingSession.open(project, engine)       # texts are embedded once
card = session.next_card("ann")                        # text, guess, why it is shown
session.answer("ann", card.number, "sport", reason=card.why.reason)
session.progress("ann").score                          # accuracy with an interval
session.examples()                                     # for training, or `mtl.data.write_examples`
session.engine().save(folder)                          # an ordinary checkpoint
"""

from mtl.fitting import MOST_TEXTS, LabelHint
from mtl.labelling.agreement import Agreement, Disagreement, PairAgreement
from mtl.labelling.cards import Card, Counts, Guess, PairCosine, Preview, ScoredSpan, TablePage, TableRow
from mtl.labelling.groups import MOST_IN_GROUP, BrokenChain
from mtl.labelling.pairs import DIFFERENT, SAME
from mtl.labelling.progress import AHEAD, Confusion, Contradiction, CurvePoint, Estimate, Metric, Progress
from mtl.labelling.project import (
    LONGEST_TEXT,
    Project,
    ProjectSummary,
    create_project,
    delete_project,
    list_projects,
    open_project,
)
from mtl.labelling.reasons import Order, Reason, Why
from mtl.labelling.session import LabellingSession
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec

__all__ = [
    "AHEAD",
    "DIFFERENT",
    "LONGEST_TEXT",
    "MOST_IN_GROUP",
    "MOST_TEXTS",
    "SAME",
    "Agreement",
    "Answer",
    "BrokenChain",
    "Card",
    "Confusion",
    "Contradiction",
    "Counts",
    "CurvePoint",
    "Disagreement",
    "Estimate",
    "Guess",
    "LabelHint",
    "LabellingSession",
    "Metric",
    "Order",
    "PairAgreement",
    "PairCosine",
    "Preview",
    "Progress",
    "Project",
    "ProjectKind",
    "ProjectSpec",
    "ProjectSummary",
    "Reason",
    "ScoredSpan",
    "TablePage",
    "TableRow",
    "Why",
    "create_project",
    "delete_project",
    "list_projects",
    "open_project",
]
