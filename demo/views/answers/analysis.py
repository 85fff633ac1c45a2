"""One analysis as spoken text and as JSON."""

import json
from html import escape

from demo.answers.passes import NO_LABEL, answer_of
from demo.views.answers.unlike import spoken_marks
from demo.views.message import problem
from mtl.inference.analysis import Analysis


def spoken(analysis: Analysis) -> str:
    """The text that a screen reader announces for a new result."""
    classes = [f"{task}: {_answer(analysis, task)}" for task in analysis.classes]
    found = [f"{entity['word']}, {entity['entity_group']}" for spans in analysis.entities.values() for entity in spans]
    entities = [f"entities: {'; '.join(found) or 'none'}"] if analysis.entities else []
    told = ". ".join([*classes, *entities, *spoken_marks(analysis)])
    return f'<span class="ph-unseen" aria-hidden="true">{escape(told)}</span>'


def _answer(analysis: Analysis, task: str) -> str:
    scores = analysis.classes[task]
    return "; ".join(f"{label}, {scores[label]:.2f}" for label in answer_of(analysis, task)) or NO_LABEL


def cut_warning(analysis: Analysis) -> str:
    """A warning that the text was truncated, or an empty text."""
    if analysis.cut_at is None:
        return ""
    return problem(
        f"The model read only the first {analysis.cut_at:,} of {len(analysis.text):,} characters, since its maximum is "
        f"{analysis.tokens:,} tokens. Classes, entities and position are based on these."
    )


def as_json(analysis: Analysis) -> str:
    """The whole analysis as JSON, including the embedding."""
    content = {
        "text": analysis.text,
        "tokens": analysis.tokens,
        "cut_at": analysis.cut_at,
        "classes": analysis.classes,
        "labels": {task: answer_of(analysis, task) for task in analysis.classes},
        "entities": analysis.entities,
        "outside": analysis.outside_values,
        "embedding": [round(float(value), 6) for value in analysis.embedding],
    }
    return json.dumps(content, ensure_ascii=False)
