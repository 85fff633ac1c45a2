"""Tokenizers of every tiny architecture, ours and the reference."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from mtl.encoder import load_backbone
from mtl.recipe.choices import LongTexts
from mtl.text.windows import WindowConfig, WindowTokenizer
from tests.mtl.text.reference import Reference
from tests.tiny import MAX_TOKENS


@pytest.fixture(scope="package")
def tokenizer_of(backbone_folder: Callable[[str], Path]) -> Callable[..., WindowTokenizer]:
    """The tokenizer of an architecture, for windows of some length in tokens or for texts that are cut there."""

    @cache
    def loaded(architecture: str) -> WindowTokenizer:
        return load_backbone(str(backbone_folder(architecture))).tokenizer

    @cache
    def get(architecture: str, *, max_length: int = MAX_TOKENS, cut: bool = False) -> WindowTokenizer:
        config = WindowConfig(max_length=max_length, pad_id=loaded(architecture).config.pad_id, lower_case=False)
        how = LongTexts.CUT if cut else LongTexts.WINDOWS
        return WindowTokenizer(Tokenizer.from_str(loaded(architecture).to_json()), config, long_texts=how)

    return get


@pytest.fixture(scope="package")
def reference_of(backbone_folder: Callable[[str], Path]) -> Callable[[str], Reference]:
    """The tokenizer of an architecture as transformers loads it."""
    return cache(lambda architecture: Reference(AutoTokenizer.from_pretrained(backbone_folder(architecture))))
