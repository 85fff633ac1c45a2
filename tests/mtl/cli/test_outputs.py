"""No command replaces what it reads, by whatever name the output is called."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from mtl.data.converting import convert, writers
from mtl.errors import InputError
from tests.mtl.cli.calling import complaint, succeed
from tests.mtl.recipes import EXAMPLES

REFUSED = "an output other than the input was expected"


def itself(file: Path) -> Path:
    return file


def another_way(file: Path) -> Path:
    return file.parent / ".." / file.parent.name / file.name


def a_link(file: Path) -> Path:
    link = file.with_stem("link")
    link.symlink_to(file)
    return link


def a_hard_link(file: Path) -> Path:
    link = file.with_stem("hard")
    os.link(file, link)
    return link


NAMES = (itself, another_way, a_link, a_hard_link)
EACH_NAME = pytest.mark.parametrize("named", NAMES, ids=lambda one: one.__name__)


def refuses(file: Path, target: Path, *arguments: object) -> None:
    """The command is refused, and everything beside the file and in it stays."""
    before = {path.name: path.read_bytes() for path in file.parent.iterdir() if path.is_file()}
    assert complaint(*arguments) == f"{target}: {REFUSED}"
    assert {path.name: path.read_bytes() for path in file.parent.iterdir() if path.is_file()} == before


@EACH_NAME
@pytest.mark.parametrize("form", writers())
def test_a_file_is_not_converted_into_itself(tmp_path: Path, form: str, named: Callable[[Path], Path]):
    file = tmp_path / "in.csv"
    file.write_text("text,label,further\nthe film,a,kept\nfood bad,b,kept\n")
    target = named(file)
    refuses(file, target, "convert", file, target, "--to", form)
    with pytest.raises(InputError, match=REFUSED):
        convert(file, target, to=form)


@EACH_NAME
@pytest.mark.parametrize(
    ("command", "suffix"), [("predict", ".jsonl"), ("encode", ".parquet"), ("predict", ".parquet")]
)
def test_texts_are_not_replaced_by_what_is_found_in_them(
    tiny_bert: Path, tmp_path: Path, command: str, suffix: str, named: Callable[[Path], Path]
):
    file = tmp_path / f"in{suffix}"
    file.write_text('{"text": "the film"}\n')
    target = named(file)
    refuses(file, target, command, tiny_bert, file, target)


@EACH_NAME
def test_figures_do_not_replace_the_data_that_they_are_of(trained: Path, tmp_path: Path, named: Callable[[Path], Path]):
    file = tmp_path / "dev.csv"
    file.write_bytes((EXAMPLES / "topic/dev.csv").read_bytes())
    target = named(file)
    refuses(file, target, "evaluate", trained / "last", "--data", f"topic={file}", "--json", target)
    refuses(file, target, "evaluate", trained / "last", "--similarity", file, "--json", target)


@EACH_NAME
@pytest.mark.parametrize("command", [("plan",), ("compare", "--presets", "full"), ("suspects",)], ids=lambda c: c[0])
@pytest.mark.parametrize("read", ["recipe", "data"])
def test_figures_do_not_replace_a_recipe_or_its_data(
    recipe: Path, tmp_path: Path, command: tuple[str, ...], read: str, named: Callable[[Path], Path]
):
    data = tmp_path / "train.csv"
    data.write_bytes((EXAMPLES / "topic/train.csv").read_bytes())
    recipe.write_text(recipe.read_text().replace(str(EXAMPLES / "topic/train.csv"), str(data)))
    file = recipe if read == "recipe" else data
    target = named(file)
    refuses(file, target, command[0], recipe, *command[1:], "--json", target)


def test_another_file_and_a_device_are_written(tmp_path: Path):
    file = tmp_path / "in.csv"
    file.write_text("text,label\nthe film,a\nfood bad,b\n")
    (tmp_path / "out.csv").write_text("mine")
    succeed("convert", file, tmp_path / "out.csv")
    succeed("convert", file, os.devnull, "--to", "jsonl")
    assert (tmp_path / "out.csv").read_text() == file.read_text()
