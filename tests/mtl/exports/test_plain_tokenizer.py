from collections.abc import Callable
from pathlib import Path

import pytest

from mtl.encoder import load_backbone
from mtl.exports.plain_tokenizer import plain_tokenizer
from mtl.text.windows import WindowTokenizer


@pytest.mark.parametrize("lower_case", [False, True])
def test_it_cuts_and_lower_cases_as_the_model_does(backbone_folder: Callable[[str], Path], lower_case: bool):
    read = load_backbone(str(backbone_folder("roberta"))).tokenizer
    config = read.config.model_copy(update={"lower_case": lower_case, "max_length": 9})
    tokenizer = plain_tokenizer(WindowTokenizer(plain_tokenizer(read), config))
    upper, lower = (
        tokenizer.encode(text) for text in ("ANNA met Tom in Paris and Rome", "anna met tom in paris and rome")
    )
    assert len(upper) == 9
    assert (upper.ids == lower.ids) is lower_case
    assert upper.overflowing
