"""The model card of a checkpoint, with the figures that the run measured."""

import re
from pathlib import Path

from mtl.checkpoint.card_data import card_data
from mtl.checkpoint.config import CheckpointConfig

_MARKUP = re.compile(r"[\\`*<>\[\]|&~#!]|(?<![^\W_])_|_(?![^\W_])")
"""What Markdown would read; an underscore inside a word means nothing to it."""
_LINK = re.compile(r"(\]\(\s*|\]:\s*)(?!(?:https?|mailto):)(?=[^)\s/#?]*:)", re.IGNORECASE)
"""What stands before the address of a link or image whose scheme is none of the web or of mail."""
ANY_FOLDER = "this/folder"
"""The name of the model in the card's example, until it has one."""
SAMPLE_NOTE = (
    "`sample/` holds a few of the dev examples: faster ways to run the model are compared on them before "
    "one is taken. Delete the folder if they are not to be shared."
)


def model_card(config: CheckpointConfig, *, sampled: bool = False) -> str:
    """A Hub model card in Markdown with front matter; `sampled` says that dev examples lie beside the weights."""
    title = f"{', '.join(config.tasks) or 'No tasks'} on {config.backbone.shown_name}"
    about = str(config.recipe.get("about") or "").strip()
    lines = [
        f"---\n{card_data(config, title).to_yaml()}\n---",
        f"# {plain(title)}",
        "One encoder with a head for each task, trained with Polyhead. The weights here are relative to the backbone "
        f"{_code(config.backbone.shown_name)} (sha256 {_code(config.backbone.sha256)}), which is needed to load them:",
        f'```python\nimport mtl\n\nengine = mtl.Engine.load("{ANY_FOLDER}")\nengine.analyze(["A sentence."])\n```',
        *([_prose(about)] if about else []),
        "## Tasks",
        "| task | kind | labels | trained on |\n|---|---|---|---|\n" + "\n".join(_task_rows(config)),
    ]
    for name, task in config.tasks.items():
        if task.multi_label:
            rows = [f"| {plain(label)} | {at:.3f} |" for label, at in task.info(name).limits.items()]
            lines += [
                f"A text has each label of {plain(name)} whose probability reaches its threshold, "
                f"{'chosen on dev data' if task.thresholds else 'since no dev data have chosen others'}:",
                "| label | threshold |\n|---|---|\n" + "\n".join(rows),
            ]
    if config.metrics:
        lines += [
            f"## Measured on dev data (step {config.step})",
            "| metric | value |\n|---|---|\n"
            + "\n".join(f"| {plain(name)} | {value:.4f} |" for name, value in sorted(config.metrics.items())),
        ]
    if sampled:
        lines.append(SAMPLE_NOTE)
    return "\n\n".join(lines) + "\n"


def _task_rows(config: CheckpointConfig) -> list[str]:
    recipe_tasks = config.recipe.get("tasks") or {}
    rows = []
    for name, task in config.tasks.items():
        files = (recipe_tasks.get(name) or {}).get("train") or ()
        shown = ", ".join("/".join(Path(file).parts[-2:]) for file in files)
        labels = ", ".join(task.labels[:12]) + (" …" if len(task.labels) > 12 else "")
        kind = f"multi-label {task.kind}" if task.multi_label else task.kind
        rows.append(f"| {plain(name)} | {kind} | {plain(labels)} | {plain(shown)} |")
    return rows


def _prose(text: str) -> str:
    """Markdown of a recipe's author, without HTML, and without links that are more than addresses."""
    shown = text.replace("\0", "\ufffd").replace("&", "&amp;").replace("<", "&lt;")
    return _LINK.sub(r"\1#", shown)


def _code(text: str) -> str:
    """Text in a span of code, which no backtick of its own ends."""
    return "`" + " ".join(text.replace("`", "'").split()) + "`"


def plain(text: str) -> str:
    """Text for a cell of a table, in which nothing is Markdown or HTML; blanks of any kind become spaces."""
    return _MARKUP.sub(r"\\\g<0>", " ".join(text.split()))
