"""Labels of any characters on the page: shown as they are, never read as HTML, and told back as they were."""

import json
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given

from demo import palette
from demo.inputs.drafts import Draft
from demo.training.corrections import Correction
from demo.views import tables
from demo.views.answers import analysis, classes, editor, entities, kept, report, words
from demo.views.answers.word_spans import spans_from
from demo.views.maps.selection import selection_table
from demo.views.training import curves, data, label_table, preview
from mtl.data import TaggedText
from mtl.inference.analysis import Analysis
from mtl.labels import TypedSpan
from mtl.recipe import TaskConfig, TaskKind
from mtl.runs import Evaluated
from mtl.text import detokenize
from tests.demo.fakes import FakeTask, entity
from tests.mtl.data.generated import label_sets

TEXT = "Anna met Tom"


class Page(HTMLParser):
    """What a browser makes of HTML: its elements with the names of their attributes, its text, and the attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.shape: list[tuple[str, ...]] = []
        self.text = ""
        self.attributes: dict[str, list[str]] = {}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.shape.append((tag, *(name for name, _ in attributes)))
        for name, value in attributes:
            self.attributes.setdefault(f"{tag} {name}", []).append(value)

    def handle_endtag(self, tag):
        self.shape.append((f"/{tag}",))

    def handle_data(self, data):
        self.text += data


def analyses(labels: Sequence[str]) -> list[Analysis]:
    """A text whose classes are the labels, and one for each label that is its entity."""
    scores = {label: 1 / (2 + i) for i, label in enumerate(labels)}
    vector = np.ones(4, dtype=np.float32)
    return [
        Analysis(TEXT, vector, {"topic": scores}, {"names": [entity(label, 0, 4, TEXT)]}, 5, None) for label in labels
    ]


def tasks(labels: Sequence[str]) -> dict[str, FakeTask]:
    kinds = {"topic": TaskKind.CLASSIFICATION, "names": TaskKind.TAGGING}
    return {name: FakeTask(kind, tuple(labels)) for name, kind in kinds.items()}


def colours(labels: Sequence[str]) -> dict[str, str]:
    """Those of nothing, so that they are the same whatever the labels are."""
    return dict.fromkeys(labels, palette.NEUTRAL)


def limits(labels: Sequence[str]) -> dict[str, dict[str, float]]:
    """Thresholds that about half of the labels reach."""
    return {"topic": dict.fromkeys(labels, 0.3)}


def sets(labels: Sequence[str]) -> list[Analysis]:
    """Texts with all of the labels."""
    return [replace(one, labels={"topic": tuple(labels)}) for one in analyses(labels)]


VIEWS = {
    "bars of sets": lambda labels: classes.bars(
        analyses(labels)[0], colours(labels), correctable=True, limits=limits(labels)
    ),
    "bars of sets that stay": lambda labels: classes.bars(
        analyses(labels)[0], colours(labels), limits=limits(labels)
    ),
    "sets": lambda labels: classes.class_table(sets(labels), colours(labels), correctable=True, limits=limits(labels)),
    "sets that stay": lambda labels: classes.class_table(sets(labels), colours(labels), limits=limits(labels)),
    "labels of a run": lambda labels: label_table.label_table({f"f1/{label}": 0.5 for label in labels}, title="t"),
    "kept sets": lambda labels: kept.kept_list({"topic": [Correction(TEXT, labels=tuple(labels))]}),
    "bars": lambda labels: classes.bars(analyses(labels)[0], colours(labels), correctable=True),
    "bars that stay": lambda labels: classes.bars(analyses(labels)[0], colours(labels)),
    "classes": lambda labels: classes.class_table(analyses(labels), colours(labels), correctable=True),
    "classes that stay": lambda labels: classes.class_table(analyses(labels), colours(labels)),
    "entities": lambda labels: entities.entity_cards(analyses(labels), colours(labels), correctable=True),
    "counts of entities": lambda labels: entities.counts(analyses(labels), colours(labels)),
    "table of entities": lambda labels: entities.entity_table(analyses(labels), colours(labels)),
    "wrong entities": lambda labels: entities.wrong_cards(
        [(0, a, [TypedSpan(0, 4, label)]) for a, label in zip(analyses(labels), labels, strict=True)],
        "names", colours(labels), total=9,
    ),
    "confusion": lambda labels: report.confusion(labels, labels),
    "measures": lambda labels: report.per_label({}, dict.fromkeys(labels, 1)),
    "words": lambda labels: "".join(words.word_table(a, [], colours(labels)) for a in analyses(labels)),
    "corrections": lambda labels: kept.kept_list(
        {"topic": [Correction(TEXT, label=label) for label in labels],
         "names": [Correction(TEXT, spans=(TypedSpan(0, 4, label),)) for label in labels]}
    ),
    "preview": lambda labels: preview.tagged_preview(
        [TaggedText(detokenize(["Anna", "met"]), (f"B-{label}", "O")) for label in labels]
    ),
    "data": lambda labels: data.data_summary(
        [Draft("topic", TaskConfig(kind="classification"), 1, 1, tuple((label, 1) for label in labels))]
    ),
    "table": lambda labels: tables.table([tables.Column("a")], [[label] for label in labels], caption="labels"),
    "selection": lambda labels: selection_table(embedded(labels), range(len(labels))),
    "said": lambda labels: "".join(analysis.spoken(one) for one in analyses(labels)),
}  # fmt: skip


def embedded(labels: Sequence[str]) -> SimpleNamespace:
    known = {"texts": (TEXT,) * len(labels), "labels": tuple(labels), "predicted": {"topic": tuple(labels)}}
    return SimpleNamespace(tasks=tasks(labels), **known)


@pytest.mark.parametrize("view", VIEWS)
@given(labels=label_sets())
def test_labels_are_text_and_nothing_else(view: str, labels: list[str]):
    shown = Page(VIEWS[view](labels))
    assert shown.shape == Page(VIEWS[view](plain(labels))).shape
    expected = labels[:1] if view == "classes that stay" else labels  # the most likely one
    assert all(label in shown.text for label in expected)


def plain(labels: Sequence[str]) -> list[str]:
    return [f"label{i}" for i in range(len(labels))]


@given(labels=label_sets())
def test_what_is_pressed_tells_the_label_as_it_was(labels: list[str]):
    bars = VIEWS["bars"](labels)
    assert Page(normalized(bars)).attributes["button data-label"] == labels
    table = VIEWS["classes"](labels)
    assert Page(normalized(table)).attributes["option value"] == labels * len(labels)


def normalized(html: str) -> str:
    """What a browser reads: it makes line feeds of all line ends that are not written as a character reference."""
    return html.replace("\r\n", "\n").replace("\r", "\n")


@given(labels=label_sets())
def test_the_editor_is_told_every_type_and_tells_it_back(labels: list[str]):
    predicted = SimpleNamespace(texts=(TEXT,) * len(labels), stamp=1, tasks=tasks(labels), analyses=analyses(labels))
    for row, label in enumerate(labels):
        content = json.loads(editor.value_of(predicted, row, "names", colours=colours(labels), opened=1))
        assert [kind["name"] for kind in content["types"]] == labels
        assert spans_from(TEXT, content["spans"]) == [TypedSpan(0, 4, label)]


@given(labels=label_sets())
def test_curves_of_each_label_are_found_and_their_names_are_no_html(labels: list[str]):
    metrics = {"eval/topic/accuracy": 0.5} | {f"eval/topic/f1/{label}": 0.5 for label in labels}
    events = [Evaluated(0, metrics, 1.0)]
    assert curves.metric_choices(events, ["topic"]) == [curves.MAIN, "topic: overall", "topic: f1 of each label"]
    assert list(curves.chosen_lines(events, ["topic"], "topic: overall")) == ["accuracy"]
    lines = curves.chosen_lines(events, ["topic"], "topic: f1 of each label")
    assert list(lines) == labels
    figure = curves.metric_figure(lines, total_steps=1)
    assert not any("<" in trace.name or ">" in trace.name for trace in figure.data)
