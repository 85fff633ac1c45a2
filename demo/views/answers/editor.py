"""The span editor: its content, and the spans that it returns."""

import json
from collections.abc import Sequence
from typing import Any

import gradio as gr

from demo.answers.predicted import Predicted
from demo.assets import ASSETS
from demo.palette import NEUTRAL, LabelColours, line_in
from mtl.inference.analysis import Entity
from mtl.labels import TypedSpan
from mtl.text import split_words

_FOLDER = ASSETS / "editor"


def build_editor(*, elem_id: str) -> gr.HTML:
    """A hidden editor; its event `keep` has `{stamp, row, task, spans}`, where a span is `[first, last, type]`."""
    return gr.HTML(
        "",
        html_template=(_FOLDER / "editor.html").read_text(encoding="utf-8"),
        js_on_load=(_FOLDER / "editor.js").read_text(encoding="utf-8"),
        apply_default_css=False,
        elem_id=elem_id,
    )


def value_of(predicted: Predicted, row: int, task: str, *, colours: LabelColours, opened: int) -> str:
    """The words of a text with its predicted spans; `opened` is different for every opening."""
    text = predicted.texts[row]
    words = split_words(text)
    ends = [word.start for word in words[1:]] + [len(text)]
    content: dict[str, Any] = {
        "stamp": predicted.stamp,
        "opened": opened,
        "row": row,
        "task": task,
        "types": [
            {"name": name, "colour": colours.get(name, NEUTRAL), "line": line_in(colours, name)}
            for name in predicted.tasks[task].labels
        ],
        "lead": text[: words[0].start] if words else text,
        "words": [text[word.start : word.end] for word in words],
        "gaps": [text[word.end : end] for word, end in zip(words, ends, strict=True)],
        "spans": _in_words(text, predicted.analyses[row].entities[task]),
    }
    return json.dumps(content, ensure_ascii=False)


def spans_from(text: str, spans: Any) -> list[TypedSpan]:  # noqa: ANN401
    """Spans as offsets of the text, from `[first word, last word, type]`; anything else is ignored."""
    words = split_words(text)
    found: list[TypedSpan] = []
    for span in spans if isinstance(spans, list) else []:
        match span:
            case [int(first), int(last), str(label)] if 0 <= first <= last < len(words):
                found.append(TypedSpan(words[first].start, words[last].end, label))
    return found


def _in_words(text: str, entities: Sequence[Entity]) -> list[tuple[int, int, str]]:
    words = split_words(text)
    spans: list[tuple[int, int, str]] = []
    for entity in entities:
        inside = [i for i, word in enumerate(words) if word.start < entity["end"] and entity["start"] < word.end]
        if inside and (not spans or inside[0] > spans[-1][1]):
            spans.append((inside[0], inside[-1], entity["entity_group"]))
    return spans
