"""The Entities tab: entity spans, evaluation on an annotated file, and corrections."""

from dataclasses import replace
from html import escape
from itertools import count
from typing import Any

import gradio as gr

from demo.answers import passes
from demo.answers.gold import read_tagged
from demo.answers.predicted import Predicted, fitting_task
from demo.answers.scoring import mistakes, span_scores, typed_spans
from demo.inputs.endings import tagged_files
from demo.inputs.examples import ENTITY_EXAMPLES
from demo.tabs import correcting, results
from demo.tabs.correcting import CLICKS
from demo.tabs.panels import panel_class
from demo.tabs.results import Output, Wording
from demo.tabs.shared import QUICK, Shared, heading, reporting
from demo.training.corrections import checked
from demo.views import message
from demo.views.answers import editor, report
from demo.views.answers.entities import counts, entity_cards, entity_table, wrong_cards
from demo.views.answers.unlike import marks_note
from demo.views.answers.word_spans import spans_from
from mtl.errors import InputError
from mtl.inference.analysis import Analysis
from mtl.recipe import TaskKind

_EMPTY = "Type a text and press Find entities."
_NO_HEAD = "This model has no tagging head. Choose another model in the header, or train one."
_PANEL = "entities"
_SHOWN = 100
_openings = count(1)


def build_entities_tab(shared: Shared) -> None:
    """Build the tab and connect its events."""
    endings = list(tagged_files(shared.settings))
    wording = Wording(
        "Texts to tag, one per line",
        "Find entities",
        f"{', '.join(endings)}: texts, or texts with entities (CoNLL, or records with tokens or spans). "
        "With entities, predictions are evaluated.",
        "ph-entity-text",
        ("text",),
    )
    predicted = gr.State(None)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            given = results.build_input(
                wording, first=next(iter(ENTITY_EXAMPLES.values())), titles=list(ENTITY_EXAMPLES), endings=endings
            )
        with gr.Column(scale=3, min_width=320):
            heading("Entities", "Marked in the text; the types differ in colour and line style.")
            with gr.Column(elem_classes=panel_class(_PANEL)):
                measured = gr.HTML("", js_on_load=CLICKS, elem_id="ph-entity-report")
                marked = gr.HTML(message.empty(_EMPTY), min_height=96, js_on_load=CLICKS, elem_id="ph-entities")
                edit = editor.build_editor(elem_id="ph-editor")
                found = gr.HTML("", min_height=200, elem_id="ph-entity-table")
            fix = correcting.build_corrections(shared, TaskKind.TAGGING, predicted)

    refresh = correcting.refreshing(shared, fix, predicted)
    output = Output(_PANEL, predicted, _show, [measured, marked, found, edit], refresh)
    results.wire_results(shared, given, output, read=read_tagged, examples=list(ENTITY_EXAMPLES.values()))

    # Gradio finds the event data by the annotation of a plain function.
    def open_editor(known: Predicted | None, event: gr.EventData) -> Any:  # noqa: ANN401
        return _open(known, event._data)

    def keep(known: Predicted | None, owner: str, event: gr.EventData) -> tuple[Any, ...]:
        return _keep(shared, known, owner, event._data)

    for place in (marked, measured):
        place.correct(open_editor, predicted, edit, **QUICK)
    edit.keep(reporting(keep, outputs=1), [predicted, shared.owner], [fix.problem, fix.status], **QUICK).then(**refresh)


def _show(predicted: Predicted | None, threshold: float) -> tuple[str, str, str, str]:
    if predicted is None:
        return "", message.empty(_EMPTY), "", ""
    if not passes.names_of(predicted.tasks, TaskKind.TAGGING):
        return "", message.empty(_NO_HEAD), "", ""
    colours = passes.label_colours(predicted.tasks)
    analyses = tuple(_above(analysis, threshold) for analysis in predicted.analyses)
    measured = _measured(replace(predicted, analyses=analyses))
    cut = message.note(f"The first {_SHOWN} of {len(analyses):,} texts.") if len(analyses) > _SHOWN else ""
    few = analyses[:_SHOWN]
    unlike = marks_note(analyses, passes.names_of(predicted.tasks, TaskKind.TAGGING))
    marked = counts(analyses, colours) + cut + unlike + entity_cards(few, colours, correctable=True)
    return results.stamped(predicted, measured), results.stamped(predicted, marked), entity_table(few, colours), ""


def _above(analysis: Analysis, threshold: float) -> Analysis:
    kept = {task: [e for e in found if e["score"] >= threshold] for task, found in analysis.entities.items()}
    return replace(analysis, entities=kept)


def _measured(predicted: Predicted) -> str:
    gold = predicted.gold.spans
    if not gold:
        return ""
    names = passes.names_of(predicted.tasks, TaskKind.TAGGING)
    kinds = {span.label for spans in gold for span in spans}
    task = fitting_task(predicted.tasks, names, kinds)
    if task is None:
        known = "; ".join(f"{name}: {', '.join(predicted.tasks[name].labels)}" for name in names)
        raise InputError(
            f"Entity types of a head of this model were expected ({known}), "
            f"were {', '.join(sorted(kinds)[:5]) or 'none'}."
        )
    scores = span_scores(gold, [typed_spans(analysis.entities[task]) for analysis in predicted.analyses])
    wrong = mistakes(predicted.analyses, task, gold)
    figures: dict[str, float | str] = {
        "F1": scores.metrics["f1"],
        "precision": scores.metrics["precision"],
        "recall": scores.metrics["recall"],
        "texts": f"{len(gold):,}",
        "texts with errors": f"{len(wrong):,}",
    }
    colours = passes.label_colours(predicted.tasks)
    shown = [(row, predicted.analyses[row], gold[row]) for row in wrong[:20]]
    return (
        f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}: evaluation on exact spans</h3>'
        f"{report.measures(figures)}{report.per_label(scores.metrics, scores.support)}"
        f"{wrong_cards(shown, task, colours, total=len(wrong))}</section>"
    )


def _open(predicted: Predicted | None, data: Any) -> Any:  # noqa: ANN401
    row = results.row_of(predicted, data)
    if predicted is None or row is None or data.get("task") not in predicted.analyses[row].entities:
        return gr.skip()
    colours = passes.label_colours(predicted.tasks)
    return editor.value_of(predicted, row, data["task"], colours=colours, opened=next(_openings))


def _keep(shared: Shared, predicted: Predicted | None, owner: str, data: Any) -> tuple[str]:  # noqa: ANN401
    row = results.row_of(predicted, data)
    if predicted is None or row is None:
        raise InputError("The texts have changed. Open the text again to correct it.")
    task = str(data.get("task"))
    if task not in predicted.analyses[row].entities:
        return ("",)
    text = predicted.texts[row]
    spans = spans_from(text, data.get("spans"))
    correction = checked(text, TaskKind.TAGGING, predicted.tasks[task].labels, spans)
    correcting.keep_correction(shared, owner, task, correction)
    return (message.note(f"Saved: text {row + 1} with {len(correction.spans)} spans."),)
