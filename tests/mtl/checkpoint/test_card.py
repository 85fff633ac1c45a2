"""The model card."""

from pathlib import Path

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import assume, example, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mtl.checkpoint import CheckpointConfig, read_config
from mtl.checkpoint.card import model_card
from mtl.checkpoint.config import BackboneReference
from tests.mtl.data.generated import label_sets, labels


def front_matter(card: str) -> dict[str, object]:
    _, front, _ = card.split("---\n", 2)
    return yaml.safe_load(front)


def test_the_front_matter_names_backbone_and_kinds(trained: Path):
    config = read_config(trained / "last")
    hub = config.model_copy(update={"backbone": BackboneReference(name="owner/name", sha256="0" * 64)})
    front = front_matter(model_card(hub))
    assert front["base_model"] == "owner/name"
    assert {"text-classification", "token-classification", "sentence-similarity"} <= set(front["tags"])


def test_a_local_backbone_is_no_model_of_the_hub(trained: Path):
    card = (trained / "last" / "README.md").read_text()
    assert "base_model" not in front_matter(card)
    assert f"the backbone `bert` (sha256 `{read_config(trained / 'last').backbone.sha256}`)" in card


def test_the_card_shows_every_measured_figure(trained: Path):
    config = read_config(trained / "last")
    card = (trained / "last" / "README.md").read_text()
    assert len(config.metrics) > 20
    assert all(f"| {name} | {value:.4f} |" in card for name, value in config.metrics.items())


def test_the_card_names_tasks_labels_and_the_hash_of_the_backbone(trained: Path):
    config = read_config(trained / "last")
    card = model_card(config)
    assert "| entities | tagging | LOC, ORG, PER | entities/train.conll |" in card
    assert config.backbone.sha256 in card


def test_the_card_shows_no_path_of_this_machine_for_data(trained: Path):
    card = model_card(read_config(trained / "last"))
    rows = [line for line in card.splitlines() if line.startswith("| ")]
    assert not any("/examples/" in row for row in rows)


def test_the_card_says_that_dev_examples_lie_beside_the_weights(trained: Path):
    assert "`sample/` holds" in (trained / "last" / "README.md").read_text()
    assert "sample/" not in model_card(read_config(trained / "last"))


def test_what_the_recipe_says_about_the_data_is_in_the_card(trained: Path):
    config = read_config(trained / "last")
    about = config.model_copy(update={"recipe": {**config.recipe, "about": "## Data\n\nOur own."}})
    assert "\n## Data\n\nOur own.\n" in model_card(about)


@pytest.mark.parametrize(
    ("about", "shown"),
    [
        ("See [here](https://example.org) or [us](mailto:a@b.c).",) * 2,
        ("A [part](data/README.md#x:y) and `a: b`.",) * 2,
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("[x](javascript:alert(1))", "[x](#javascript:alert(1))"),
        ("![x]( JavaScript:alert(1))", "![x]( #JavaScript:alert(1))"),
        ("[x](java&#115;cript:a)", "[x](java&amp;#115;cript:a)"),
        ("[x]\n\n[x]: data:text/html,a", "[x]\n\n[x]: #data:text/html,a"),
    ],
)
def test_what_the_recipe_says_is_markdown_without_html_and_without_scripts(trained: Path, about: str, shown: str):
    config = read_config(trained / "last")
    card = model_card(config.model_copy(update={"recipe": {**config.recipe, "about": about}}))
    assert f"\n\n{shown}\n\n" in card


@given(labels=label_sets(min_size=2))
def test_labels_and_metrics_of_any_characters_stand_in_the_tables_as_they_are(labels: list[str]):
    config = CheckpointConfig(
        backbone={"name": "a/b", "sha256": "0"},
        pooling="mean",
        max_length=8,
        tasks={"topic": {"kind": "classification", "labels": labels, "head": {}}},
        metrics={f"eval/topic/f1/{label}": 0.5 for label in labels},
    )
    rows = table_rows(model_card(config))
    assert rows[1] == ["topic", "classification", seen(", ".join(labels)), ""]
    assert sorted(row[0] for row in rows[3:]) == sorted(f"eval/topic/f1/{seen(label)}" for label in labels)
    assert all(row[1:] == ["0.5000"] for row in rows[3:])


@given(found=label_sets(min_size=2), name=labels, local=st.booleans(), about=labels)
@example(["a", "b"], "a\n---\nb", True, "x\n\n---\n\ny")
@example(["a", "b"], "\u2028\x85\x0b\x1b[31m", False, "x")
def test_names_of_any_characters_stand_in_the_front_matter_and_the_thresholds(
    found: list[str], name: str, local: bool, about: str
):
    assume(not name.startswith("/"))  # a path of this machine, which the card does not tell
    config = CheckpointConfig(
        backbone={"name": name, "sha256": "0", "local": local},
        pooling="mean",
        max_length=8,
        tasks={"tone": {"kind": "classification", "labels": found, "head": {}, "multi_label": True}},
        metrics={"eval/tone/micro_f1": 0.5},
        recipe={"about": about, "tasks": {"tone": {"train": [f"data/{name}"], "dev": [f"data/{name}"]}}},
    )
    card = model_card(config)
    data = ModelCard(card).data
    assert data.base_model == (None if local else name)
    assert (data.model_name, [result.metric_value for result in data.eval_results]) == (f"tone on {name}", [0.5])
    assert [(row[0], row[1]) for row in table_rows(card)[3:-2]] == [(seen(label), "0.500") for label in found]


def seen(label: str) -> str:
    """A label as a reader of Markdown sees it."""
    return " ".join(label.split()).replace("\0", "\ufffd")


def table_rows(card: str) -> list[list[str]]:
    """The text of every cell, as a reader of GitHub's Markdown sees it; nothing but text is allowed in one."""
    rows, markdown = [], MarkdownIt("commonmark", {"html": True}).enable("table")
    for token in markdown.parse(card.split("---\n", 2)[2]):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and rows and token.level > 3:
            assert {child.type for child in token.children} <= {"text", "text_special"}, token.content
            rows[-1].append("".join(child.content for child in token.children))
    return rows
