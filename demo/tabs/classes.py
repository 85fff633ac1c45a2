"""The Classes tab: class probabilities, evaluation on a labelled file, and corrections."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from demo.answers import passes
from demo.answers.gold import read_labelled
from demo.answers.passes import winner
from demo.answers.predicted import Predicted, fitting_task
from demo.answers.scoring import class_scores, set_scores
from demo.inputs.endings import text_files
from demo.inputs.examples import CLASS_EXAMPLES
from demo.tabs import correcting, results
from demo.tabs.correcting import CLICKS
from demo.tabs.panels import panel_class
from demo.tabs.results import Output, Wording
from demo.tabs.shared import QUICK, Shared, heading, reporting
from demo.training.corrections import checked, checked_set
from demo.views import message
from demo.views.answers import report
from demo.views.answers.classes import bars, class_table
from demo.views.answers.kept import answer_text
from demo.views.answers.unlike import marks_note
from mtl.errors import InputError
from mtl.recipe import TaskKind

_EMPTY = "Type a text and press Classify."
_NO_HEAD = "This model has no classification head. Choose another model in the header, or train one."
_PANEL = "classes"
_SHOWN = 200


def build_classes_tab(shared: Shared) -> None:
    """Build the tab and connect its events."""
    examples = ["\n".join(lines) for lines in CLASS_EXAMPLES.values()]
    endings = list(text_files(shared.settings))
    wording = Wording(
        "Texts to classify, one per line",
        "Classify",
        f"{', '.join(endings)}: one text per line, or a column text. With labels, predictions are evaluated.",
        "ph-class-text",
    )
    predicted = gr.State(None)
    with gr.Row():
        with gr.Column(scale=2, min_width=320):
            given = results.build_input(wording, first=examples[0], titles=list(CLASS_EXAMPLES), endings=endings)
        with gr.Column(scale=3, min_width=320):
            heading("Classes", "The probability of each label, for every classification head.")
            with gr.Column(elem_classes=panel_class(_PANEL)):
                measured = gr.HTML("", elem_id="ph-class-report")
                result = gr.HTML(message.empty(_EMPTY), min_height=320, js_on_load=CLICKS, elem_id="ph-classes")
            fix = correcting.build_corrections(shared, TaskKind.CLASSIFICATION, predicted)

    refresh = correcting.refreshing(shared, fix, predicted)
    output = Output(_PANEL, predicted, _show, [measured, result], refresh)
    results.wire_results(shared, given, output, read=read_labelled, examples=examples)

    # Gradio finds the event data by the annotation of a plain function.
    def correct(known: Predicted | None, owner: str, current: str, event: gr.EventData) -> tuple[Any, ...]:
        return _correct(shared, known, owner, event._data)

    result.correct(
        reporting(correct, outputs=1), [predicted, shared.owner, fix.task], [fix.problem, fix.status], **QUICK
    ).then(**refresh)


def _show(predicted: Predicted | None, threshold: float) -> tuple[str, str]:
    if predicted is None:
        return "", message.empty(_EMPTY)
    if not passes.names_of(predicted.tasks, TaskKind.CLASSIFICATION):
        return "", message.empty(_NO_HEAD)
    colours, analyses = passes.label_colours(predicted.tasks), predicted.analyses
    limits = passes.limits_of(predicted.tasks)
    measured = _measured(predicted, threshold)
    unlike = marks_note(analyses, passes.names_of(predicted.tasks, TaskKind.CLASSIFICATION))
    if len(analyses) == 1 and not measured:
        found = bars(analyses[0], colours, threshold=threshold, correctable=True, limits=limits)
        return "", results.stamped(predicted, found + unlike)
    cut = message.note(f"The first {_SHOWN} of {len(analyses):,} texts.") if len(analyses) > _SHOWN else ""
    found = class_table(analyses[:_SHOWN], colours, threshold=threshold, correctable=True, limits=limits)
    return measured, results.stamped(predicted, cut + unlike + found)


def _measured(predicted: Predicted, threshold: float) -> str:
    gold, sets = predicted.gold.labels or (), predicted.gold.label_sets
    names = passes.names_of(predicted.tasks, TaskKind.CLASSIFICATION)
    several = [name for name in names if predicted.tasks[name].multi_label]
    if gold and len(several) == len(names):  # a set of one label each
        sets = tuple((label,) for label in gold)
    if sets is not None:
        return _measured_sets(predicted, sets, _fitting(predicted, several, {label for own in sets for label in own}))
    if not gold:
        return ""
    task = _fitting(predicted, [name for name in names if name not in several], set(gold))
    won = [winner(analysis.classes[task]) for analysis in predicted.analyses]
    answers = [label for label, _ in won]
    scores = class_scores(gold, answers)
    figures: dict[str, float | str] = {
        "accuracy": scores.metrics["accuracy"],
        "macro F1": scores.metrics["macro_f1"],
        "texts": f"{len(gold):,}",
    }
    if threshold > 0:
        sure = [right == label for right, (label, score) in zip(gold, won, strict=True) if score >= threshold]
        figures["above threshold"] = f"{100 * len(sure) / len(gold):.0f} %"
        figures["accuracy above threshold"] = sum(sure) / len(sure) if sure else "–"
    return (
        f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}: evaluation</h3>'
        f"{report.measures(figures)}"
        f"{report.confusion(gold, answers)}{report.per_label(scores.metrics, scores.support)}</section>"
    )


def _measured_sets(predicted: Predicted, gold: Sequence[Sequence[str]], task: str) -> str:
    scores = set_scores(predicted.tasks[task].labels, gold, predicted.analyses, task=task)
    figures: dict[str, float | str] = {
        name.replace("_f1", " F1").replace("_", " "): scores.metrics[name]
        for name in ("micro_f1", "macro_f1", "subset_accuracy", "mean_average_precision")
        if name in scores.metrics
    }
    return (
        f'<section class="ph-card" data-task="{escape(task)}"><h3>{escape(task)}: evaluation</h3>'
        f"{report.measures({**figures, 'texts': f'{len(gold):,}'})}"
        f"{report.per_label(scores.metrics, scores.support)}</section>"
    )


def _fitting(predicted: Predicted, names: Sequence[str], labels: set[str]) -> str:
    """The task among these that knows most of the labels.

    Raises:
        InputError: none knows any.
    """
    task = fitting_task(predicted.tasks, names, labels)
    if task is None:
        known = "; ".join(f"{name}: {', '.join(predicted.tasks[name].labels)}" for name in names) or "there is none"
        came = ", ".join(sorted(labels)[:5]) or "none"
        raise InputError(f"Labels of a head of this model were expected ({known}), were {came}.")
    return task


def _correct(shared: Shared, predicted: Predicted | None, owner: str, data: Any) -> tuple[str]:  # noqa: ANN401
    row = results.row_of(predicted, data)
    if predicted is None or row is None:
        return ("",)
    task = str(data.get("task"))
    if task not in predicted.analyses[row].classes:
        return ("",)
    text, labels = predicted.texts[row], predicted.tasks[task].labels
    if predicted.tasks[task].multi_label:
        correction = checked_set(text, labels, data.get("labels"))
    else:
        correction = checked(text, TaskKind.CLASSIFICATION, labels, str(data.get("label")))
    correcting.keep_correction(shared, owner, task, correction)
    return (message.note(f"Saved: text {row + 1} is {answer_text(correction)}."),)
