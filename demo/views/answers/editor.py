"""The span editor and its content."""

import json
from typing import Any

import gradio as gr

from demo.answers.predicted import Predicted
from demo.answers.scoring import typed_spans
from demo.assets import ASSETS
from demo.palette import NEUTRAL, LabelColours, line_in
from demo.views.answers.word_spans import SCRIPT, in_words, words_of

_FOLDER = ASSETS / "editor"


def build_editor(*, elem_id: str) -> gr.HTML:
    """A hidden editor; its event `keep` has `{stamp, row, task, spans}`, where a span is `[first, last, type]`."""
    return gr.HTML(
        "",
        html_template=(_FOLDER / "editor.html").read_text(encoding="utf-8"),
        js_on_load=f"{SCRIPT}\n{(_FOLDER / 'editor.js').read_text(encoding='utf-8')}",
        apply_default_css=False,
        elem_id=elem_id,
    )


def value_of(predicted: Predicted, row: int, task: str, *, colours: LabelColours, opened: int) -> str:
    """The words of a text with its predicted spans; `opened` is different for every opening."""
    text = predicted.texts[row]
    found = predicted.analyses[row].entities[task]
    content: dict[str, Any] = {
        "stamp": predicted.stamp,
        "opened": opened,
        "row": row,
        "task": task,
        "types": [
            {"name": name, "colour": colours.get(name, NEUTRAL), "line": line_in(colours, name)}
            for name in predicted.tasks[task].labels
        ],
        **words_of(text),
        "spans": in_words(text, typed_spans(found)),
    }
    return json.dumps(content, ensure_ascii=False)
