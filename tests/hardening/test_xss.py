"""What visitors write is text wherever it is shown: no element and no attribute of it is theirs."""

import csv
import dataclasses
import json

import numpy as np
import pytest
from markdown_it import MarkdownIt

from demo import palette
from demo.answers.embedded import embed_sentences
from demo.answers.passes import AnalyzedTexts
from demo.inputs.columns import TablePreview
from demo.inputs.drafts import Draft
from demo.inputs.text_input import Sentences
from demo.maps.before_after import change
from demo.maps.exporting import ExportFormat, export_embeddings
from demo.maps.reference_map import reference_map
from demo.maps.similarity import Neighbour
from demo.runs.info import RunInfo
from demo.runs.run_summary import RunSummary
from demo.runs.shown import sentence_of
from demo.training.corrections import Correction
from demo.training.suspects import SuspectLabel, SuspectList
from demo.views import guide, header, message
from demo.views.answers import analysis, classes, entities, kept, words
from demo.views.maps import before_after, neighbours, place, scatter, selection
from demo.views.training import comparison, curves, data, label_table, log, plan, preview, run_card, run_table, suspects
from mtl.checkpoint import CheckpointConfig
from mtl.checkpoint.card import model_card
from mtl.errors import DataError, RecipeError
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig, TaskKind, check
from mtl.runs import Evaluated, Noticed, RunState, Status
from mtl.text import clean
from mtl.text.subwords import Subword
from tests.demo import fakes
from tests.demo.fakes import FakeModel, FakeTask, entity
from tests.demo.views.test_any_labels import Page
from tests.hardening.payloads import PAYLOADS

_COLOURS = palette.NEUTRAL


def _analysis(text, name=None):
    name = text if name is None else name
    span = [entity(name, 0, min(4, len(text)), text)]
    return dataclasses.replace(fakes.analysis(text), classes={name: {name: 0.7, "b": 0.3}}, entities={name: span})


def _passed(text):
    tasks = {text: FakeTask(TaskKind.CLASSIFICATION, (text, "b"))}
    found = tuple(_analysis(one, text) for one in (text, f"{text} b", f"a {text}"))
    return AnalyzedTexts(found, 0.1, tasks)


def _colours(text):
    return {text: _COLOURS, "b": _COLOURS}


def _draft(text):
    notes = (f"{text} is guessed",)
    return Draft(text, TaskConfig(kind="classification"), 1, 1, ((text, 1), ("b", 2)), notes)


def _summary(text):
    info = RunInfo(text, RunState.FAILED, 0.0, True, text)
    return RunSummary(
        info, {"freezing.preset": text, "seed": text}, {f"eval/{text}/f1": 0.5}, (), (text,), 1.0, 1, 1, 1
    )


def _suspects(text):
    one = SuspectLabel("train", 1, 0.1, Correction(text, label=text), Correction(text, label="b"))
    spans = (TypedSpan(0, 1, text),)
    two = SuspectLabel("dev", 2, 0.1, Correction(text, spans=spans), Correction(text), 0, 1)
    return SuspectList(text, text, (one, two), 2, 3, (text,))


def _reference():
    return reference_map(FakeModel())


def _point(text):
    return place.QueryPoint(text, np.ones(8, np.float32), [Neighbour(0, 0.5)])


def _status(text):
    return Status(RunState.FAILED, 1, 0.0, 0.0, 0.0, message=text)


VIEWS = {
    "problem": message.problem,
    "problem of a file": lambda x: message.problem(DataError(f"was {x!r}", path=f"/tmp/{x}.csv", line=x)),
    "problem of a recipe": lambda x: message.problem(RecipeError(x, path=x, key=x)),
    "note": message.note,
    "empty": message.empty,
    "cut": lambda x: analysis.cut_warning(dataclasses.replace(_analysis(x), cut_at=1)),
    "spoken": lambda x: message.note(analysis.spoken(_analysis(x))),
    "bars": lambda x: classes.bars(_analysis(x), _colours(x), correctable=True),
    "classes": lambda x: classes.class_table([_analysis(x)], _colours(x), correctable=True),
    "entities": lambda x: entities.entity_cards([_analysis(x)], _colours(x), correctable=True),
    "table of entities": lambda x: entities.entity_table([_analysis(x)], _colours(x)),
    "words": lambda x: words.word_table(_analysis(x), [Subword(x, 0, 2)], _colours(x)),
    "kept": lambda x: kept.kept_list({x: [Correction(x, label=x), Correction(x, labels=(x,))]}),
    "outcome": lambda x: message.note(kept.outcome(x, 1, 2)),
    "neighbours": lambda x: neighbours.near_list([Neighbour(0, 0.5)], [x]),
    "nearest": lambda x: neighbours.nearest_to(x, [Neighbour(0, 0.5)], [x]),
    "both sides": lambda x: neighbours.both_sides([Neighbour(0, 0.5)], [Neighbour(0, 0.5)], [x]),
    "place": lambda x: place.place_map(_reference(), _point(x)),
    "before and after": lambda x: before_after.change_table(change(_passed(x), _passed(x))),
    "line of a change": lambda x: before_after.change_line(change(_passed(x), _passed(x))),
    "selection": lambda x: selection.selection_table(_embedded(x), [0, 1]),
    "preview": lambda x: preview.table_preview(TablePreview((x, "b"), ((x, x),), ({x: x, "b": x},))),
    "data": lambda x: data.data_summary([_draft(x)]),
    "labels of a run": lambda x: label_table.label_table({f"f1/{x}": 0.5}, title=x),
    "log": log.log_view,
    "runs": lambda x: run_table.run_table([_summary(x)], ticked=[x], opened=x),
    "run": lambda x: run_card.run_card(_status(x), [Noticed(1, x)]),
    "metrics": lambda x: run_card.metric_table([Evaluated(0, {f"eval/{x}/f1/{x}": 0.5}, 1.0)]),
    "measured": lambda x: comparison.measured_table({x: 0.5}),
    "comparison": lambda x: comparison.comparison_card(_status(x)),
    "suspects": lambda x: suspects.suspect_table(_suspects(x)),
    "warnings": lambda x: plan.warning_list([x]),
    "chips": lambda x: header.chips({x: FakeTask(TaskKind.CLASSIFICATION, (x,))}),
    "guide: heads": lambda x: guide.head_rows(_analysis(x), _passed(x).tasks, _colours(x)),
    "guide: pieces": lambda x: guide.pieces(x, [Subword(x, 0, len(x))]),
    "guide: shares": lambda x: guide.shares({x: 0.5}, label=x),
    "guide: cosines": lambda x: guide.cosine_table({x: 0.5}, own=x),
}  # fmt: skip


def _embedded(text):
    *_, found = embed_sentences(FakeModel(), Sentences((text, text + " b"), (text, "b")), key="m")
    return dataclasses.replace(found, predicted={"topic": (text, "b")})


def _kinds(shape):
    return set(shape)


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("view", VIEWS)
def test_no_element_and_no_attribute_of_a_view_comes_from_a_text(view, payload):
    text = clean(PAYLOADS[payload])
    shown, usual = Page(VIEWS[view](text)), Page(VIEWS[view]("a harmless sentence"))
    assert _kinds(shown.shape) <= _kinds(usual.shape) | _rare(view)
    for name, values in shown.attributes.items():
        attribute = name.split()[-1]
        assert not attribute.startswith("on")
        if attribute in ("href", "src", "action", "formaction", "xlink:href", "srcdoc"):
            assert values == usual.attributes[name]
        if attribute == "style":
            assert not any("url" in value or "expression" in value for value in values)


def _rare(view):
    """Elements of ours that only some texts have: a line end in a heading, a text that is shortened."""
    return {("br",), ("/br",)} if view == "before and after" else set()


@pytest.mark.parametrize("payload", PAYLOADS)
def test_figures_have_no_markup_of_a_text(payload):
    text = clean(PAYLOADS[payload])
    figure = before_after.change_map(change(_passed(text), _passed(text)))
    names = curves.metric_figure(_lines(text), total_steps=1)
    for one in (figure, names):
        for trace in one.data:
            shown = [trace.name or "", *(_strings(trace.hovertext)), *(_strings(trace.text))]
            assert not any(_is_markup(part) for part in shown), shown


def _lines(text):
    return curves.chosen_lines(
        [Evaluated(0, {f"eval/topic/f1/{text}": 0.5}, 1.0)], ["topic"], "topic: f1 of each label"
    )


def _strings(value):
    return [value] if isinstance(value, str) else [] if value is None else [str(one) for one in value]


def _is_markup(part):
    """Whether Plotly, which reads a few elements, would find one that is not a line end or bold text of ours."""
    return any(shape not in (("br",), ("b",), ("/b",)) for shape in Page(part).shape)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_the_map_is_given_is_json_that_ends_no_element(payload):
    text = clean(PAYLOADS[payload])
    (shown,) = json.loads(scatter.map_texts(1, (text,), np.array([0], np.int32)))["texts"]
    assert shown.startswith(" ".join(text.split())[:40])


@pytest.mark.parametrize("payload", PAYLOADS)
def test_exported_cells_are_texts_to_a_spreadsheet(payload):
    text = clean(PAYLOADS[payload])
    with export_embeddings(_embedded(text), ExportFormat.CSV).open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == 3
    assert not any(cell.startswith(("=", "@", "\t", "\r")) for row in rows for cell in row)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_model_card_has_no_html_no_image_from_elsewhere_and_the_table_that_it_should_have(payload):
    text = clean(PAYLOADS[payload])
    config = CheckpointConfig(
        backbone={"name": text, "sha256": text},
        pooling="mean",
        max_length=8,
        tasks={text: {"kind": "classification", "labels": [text, "b"], "head": {}, "multi_label": True}},
        metrics={f"eval/{text}/f1/{text}": 0.5},
        recipe={"about": text if payload != "Markdown image" else "a", "tasks": {text: {"train": [f"/a/{text}"]}}},
    )
    card = model_card(config).partition("---\n\n")[2]
    tokens = MarkdownIt("commonmark").enable("table").parse(card)
    flat = [child for token in tokens for child in (token, *(token.children or ()))]
    assert not [token for token in flat if token.type.startswith("html")]
    assert not [token for token in flat if token.type == "image"]
    assert all(str(token.attrs.get("href", "#")).startswith(("#", "http")) for token in flat)
    rows = [token for token in tokens if token.type == "tr_open"]
    assert len(rows) == 2 + 3 + 2  # tasks, thresholds, metrics, each with its header


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_recipe_that_is_refused_says_so_in_text(payload):
    with pytest.raises(RecipeError) as caught:
        check({"backbone": PAYLOADS[payload], PAYLOADS[payload]: 1}, where=PAYLOADS[payload])
    assert not _kinds(Page(message.problem(sentence_of(caught.value))).shape) - {("p", "class", "role"), ("/p",)}
