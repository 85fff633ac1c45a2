from dataclasses import fields
from pathlib import Path

import pytest

from demo.limits import table, with_limits
from demo.settings import Settings
from mtl.errors import MtlError
from tests.demo.fakes import settings

DOCS = Path(__file__).resolve().parents[2] / "docs" / "limits.md"


def _file(folder, text):
    path = folder / "limits.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_changes_the_limits_that_it_names(tmp_path):
    given = settings(share=True)
    found = with_limits(given, _file(tmp_path, "max_rows: 7\nmax_minutes: 2.5\nmax_steps: none\n"))
    assert (found.max_rows, found.max_minutes, found.max_steps) == (7, 2.5, None)
    assert found.max_tasks == given.max_tasks and found.training is given.training
    assert with_limits(given, _file(tmp_path, "")) == given


@pytest.mark.parametrize(
    "text,said",
    [
        ("max_row: 7", "did you mean max_rows"),
        ("training: full", "no such limit"),
        ("public: false", "no such limit"),
        ("max_rows: -1", "a number was expected"),
        ("max_rows: many", "a number was expected"),
        ("max_rows: true", "a number was expected"),
        ("max_rows: .nan", "a number was expected"),
        ("max_rows: .inf", "a number was expected"),
        ("max_rows: 1.5", "a whole number"),
        ("max_rows: none", "a number was expected"),
        ("- 1", "name: number"),
        ("max_rows: [", "valid YAML"),
    ],
)
def test_a_file_that_is_wrong_is_refused_by_name(tmp_path, text, said):
    with pytest.raises(MtlError, match=said):
        with_limits(settings(), _file(tmp_path, text))


def test_every_limit_is_described_and_the_page_of_limits_is_up_to_date():
    text = table()
    assert all(
        f"`{field.name}`" in text for field in fields(Settings) if field.name.startswith(("max", "kept", "read"))
    )
    assert "|  |" not in text
    assert DOCS.read_text(encoding="utf-8") == text
