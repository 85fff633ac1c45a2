"""The model card of an exported folder."""

from pathlib import Path

import yaml

from mtl.checkpoint.card import plain
from mtl.checkpoint.store import LoadedModel


def write_card(loaded: LoadedModel, folder: Path, *, library: str, pipeline: str, usage: str) -> None:
    """Write `README.md`: what the model came from, and how the library loads it.

    Args:
        loaded: the model.
        folder: the export.
        library: the Hub's name of the library.
        pipeline: the Hub's name of the task.
        usage: lines of Python.
    """
    backbone = loaded.backbone
    front = {
        **({} if backbone.local else {"base_model": backbone.name}),
        "library_name": library,
        "pipeline_tag": pipeline,
        "tags": ["polyhead"],
    }
    about = f"{plain(backbone.name)}, trained with Polyhead and exported for {library}:"
    text = f"---\n{yaml.safe_dump(front, sort_keys=False)}---\n\n{about}\n\n```python\n{usage}\n```\n"
    (folder / "README.md").write_text(text, encoding="utf-8")
