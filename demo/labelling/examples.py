"""Projects to try: texts of the example data, with the labels that they could have."""

from dataclasses import dataclass
from functools import cache

from demo.inputs.drafts import built_in
from demo.inputs.text_input import Sentences
from mtl.data import read_files, texts_of
from mtl.labelling import ProjectKind

_LABELS = {
    "topic": {
        "entertainment": "films, music, television and games",
        "geography": "places, landscapes and climates",
        "health": "illness, medicine and food safety",
        "politics": "elections, laws and governments",
        "science/technology": "research, computers and machines",
        "sports": "matches, athletes and records",
        "travel": "hotels, routes and sights",
    },
    "passengers": {
        "accessibility": "lifts, ramps and help with boarding",
        "cleanliness": "dirt, smells and litter",
        "crowding": "no seats and full trains",
        "delay": "late or cancelled trains",
        "information": "announcements and signs",
        "praise": "thanks",
        "staff": "people who work on trains and in stations",
        "tickets": "prices, machines and refunds",
    },
    "entities": {"PER": "people", "ORG": "companies, clubs and authorities", "LOC": "places"},
}
_TITLES = {
    "topic": "topics",
    "passengers": "complaints of passengers",
    "entities": "names",
    "similarity": "pairs of sentences",
}
_KINDS = {
    "topic": ProjectKind.CLASSES,
    "passengers": ProjectKind.LABELS,
    "entities": ProjectKind.SPANS,
    "similarity": ProjectKind.PAIRS,
}


@dataclass(frozen=True)
class ExampleProject:
    """The content of the form for a new project."""

    title: str
    task: str
    kind: ProjectKind
    labels: str
    """One a line, `name: description`."""
    sentences: Sentences


@cache
def example_projects() -> tuple[ExampleProject, ...]:
    """One of each kind, without their labels."""
    found = []
    for draft in built_in():
        if draft.name in _KINDS:
            examples = read_files(draft.config, draft.config.train)
            texts = tuple(dict.fromkeys(" ".join(text.split()) for example in examples for text in texts_of(example)))
            labels = "\n".join(f"{name}: {said}" for name, said in _LABELS.get(draft.name, {}).items())
            kind = _KINDS[draft.name]
            found.append(ExampleProject(_TITLES[draft.name], draft.name, kind, labels, Sentences(texts)))
    return tuple(found)
