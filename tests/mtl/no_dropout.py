"""Backbones whose passes are the same in training and in use."""

import json
import shutil
from pathlib import Path


def copy_without_dropout(backbone: Path, folder: Path) -> Path:
    """A copy of a backbone of BERT's kind, in a new folder."""
    shutil.copytree(backbone, folder)
    file = folder / "config.json"
    without = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}
    file.write_text(json.dumps(json.loads(file.read_text()) | without))
    return folder
