"""`compare`: what it runs, prints, writes and refuses."""

import io
import json
import re
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from mtl.cli import comparing
from mtl.comparing import BackboneSpeed, Outcome, SomeFailed, Spread, Strategy, StrategyResult
from mtl.errors import RunError
from mtl.recipe import load
from mtl.runs import RunFolder, RunState
from tests.mtl.cli.calling import call, complaint, succeed
from tests.mtl.comparing.conftest import runs  # noqa: F401
from tests.mtl.comparing.late_run import LateRun


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def short(recipe: Path) -> Path:
    recipe.write_text(recipe.read_text().replace("max_steps: 6", "max_steps: 2"))
    return recipe


@pytest.mark.usefixtures("runs")
def test_a_comparison_prints_a_row_a_strategy_and_says_where_the_runs_are(short: Path, home: Path):
    presets = ("--presets", "heads_only", "--presets", " last_layers:1")
    result = succeed("compare", short, *presets, "--seeds", "1, 2")
    for name in ("heads_only", "last_layers:1"):
        assert len(re.findall(rf"{name}, seed [12]: \d+ s", result.stderr)) == 2
    assert re.findall(r"^│ (heads|last)", result.stdout, re.M) == ["heads", "last"]
    (folder,) = (home / "runs").iterdir()
    assert folder.name.split("-", 2)[2].startswith("compare-small-")
    assert f"runs: {folder}" in result.stdout
    names = {place.name for place in folder.iterdir() if place.is_dir()}
    assert names == {f"{name}-seed{seed}" for name in ("heads_only", "last_layers-1") for seed in (1, 2)}
    assert all(RunFolder(folder / name).read_status().state is RunState.FINISHED for name in names)


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize("marks", [["begun"], ["begun", "asked"]], ids=["once", "twice in a row"])
def test_a_signal_to_the_comparison_alone_ends_its_run_too(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals, marks: list[str]
):
    before = signal.getsignal(signal.SIGTERM)
    run = LateRun(tmp_path, monkeypatch, ends_when_asked=len(marks) == 1)
    with run.signalled(number, marks):
        result = call("compare", short, "--presets", "heads_only")
    assert (result.status, result.stderr.splitlines()[-1]) == (1, "stopped")
    run.must_have_ended()
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.usefixtures("runs")
def test_what_is_to_note_about_a_recipe_is_told(short: Path):
    short.write_text(short.read_text().replace("max_steps: 2", "max_steps: 2\n  pass_tokens: 64"))
    result = succeed("compare", short, "--presets", "heads_only")
    assert re.search(r"^note: .*pass_tokens.*micro_batch_tokens", result.stderr, re.M)


def test_a_comparison_in_a_folder_of_choice_goes_on_where_it_was(short: Path, tmp_path: Path, runs: list[list[str]]):  # noqa: F811
    place = ("--run-dir", tmp_path / "mine")
    succeed("compare", short, "--presets", "heads_only", *place)
    succeed("compare", short, "--presets", "heads_only,full", *place)
    assert {place.name for place in (tmp_path / "mine").iterdir() if place.is_dir()} == {
        "heads_only-seed42",
        "full-seed42",
    }
    assert len(runs) == 2


@pytest.mark.usefixtures("runs")
def test_a_comparison_can_be_written_as_json(short: Path, tmp_path: Path):
    arguments = ("--presets", "heads_only", "--single-task", "--json", tmp_path / "table.json")
    succeed("compare", short, *arguments)
    rows = json.loads((tmp_path / "table.json").read_text())
    assert [(row["strategy"], row["seeds"]) for row in rows] == [
        ("heads_only", 1),
        ("only topic", 1),
        ("only entities", 1),
    ]
    assert all(row["speed"] is None for row in rows)  # of one backbone
    metrics = rows[0]["metrics"]
    assert 0 <= metrics["eval/topic/accuracy"]["mean"] <= 1
    assert metrics["eval/topic/accuracy"]["deviation"] == 0
    assert rows[0]["trained_parameters"] < rows[1]["trained_parameters"]
    assert all(row[key] > 0 for row in rows for key in ("memory_bytes", "checkpoint_bytes"))


@pytest.mark.usefixtures("runs")
def test_candidates_have_a_row_each_though_one_of_them_fails(
    short: Path, tmp_path: Path, backbone_folder: Callable[[str], Path]
):
    names = [backbone_folder(name) for name in ("bert", "distilbert")]
    table = tmp_path / "table.json"
    given = [part for name in [*names, tmp_path / "none"] for part in ("--backbone", name)]
    result = call("compare", short, *given, "--probe", "8", "--json", table)
    assert result.status == 1
    assert "backbone none, seed 42: error: " in result.stderr.splitlines()[-1]
    rows = json.loads(table.read_text())
    assert [row["strategy"] for row in rows] == [f"backbone {name.name}" for name in names]
    shown = columns_of(result.stdout)
    assert all(any(f"{row['total_parameters']:,}" in column for column in shown) for row in rows)
    assert all(row["speed"][key] > 0 for row in rows for key in ("load_seconds", "texts_per_second"))
    assert any(column.startswith("texts/s") for column in shown)


OUTCOME = Outcome("backbone a", 1, {"eval/topic/accuracy": 0.5}, 1.0, 2, 3, 4, 5)


STOPPED = (RunError("the run was stopped before its end"), KeyboardInterrupt())


@pytest.mark.parametrize("error", [None, SomeFailed("b"), *STOPPED], ids=lambda error: type(error).__name__)
def test_the_table_is_there_before_speeds_are_measured_and_a_stop_waits_for_none(
    short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException | None
):
    table, measured = tmp_path / "table.json", []

    def compare(*_: object, **__: object) -> Iterator[Outcome]:
        yield OUTCOME
        if error is not None:
            raise error

    def speeds(found: Sequence[Strategy], done: Collection[str]) -> dict[str, BackboneSpeed]:
        measured.append([row["strategy"] for row in json.loads(table.read_text())])
        assert {one.name for one in found} == {"backbone a", "backbone b"} and done == {"backbone a"}
        return {one: BackboneSpeed(1.5, 99.0) for one in done}

    monkeypatch.setattr(comparing, "compare", compare)
    monkeypatch.setattr(comparing, "backbone_speeds", speeds)
    call("compare", short, "--backbone", "a", "--backbone", "b", "--json", table)
    (row,) = json.loads(table.read_text())
    assert (row["speed"] is None) is (error in STOPPED)
    assert measured == ([] if error in STOPPED else [["backbone a"]])


def columns_of(printed: str) -> list[str]:
    """The columns of a table, each cell put together again where it was folded."""
    lines = [re.split("[│┃]", line)[1:-1] for line in printed.splitlines() if line.startswith(("│", "┃"))]
    return ["".join("".join(column).split()) for column in zip(*lines, strict=True)]


def test_a_run_that_fails_is_one_line(short: Path, runs: list[list[str]]):  # noqa: F811
    message = complaint("compare", short, "--presets", "last_layers:9")
    assert message.startswith("last_layers:9, seed 42: error: freezing.layers: at most 3")


@pytest.mark.parametrize(
    ("arguments", "gist"),
    [
        (("--presets", "heads"), "--presets: one of all_frozen, heads_only"),
        (("--presets", "heads", "--presets", "full"), "--presets: one of all_frozen, heads_only"),
        (("--presets", ""), "--presets: one of all_frozen, heads_only"),
        (("--presets", "full", "--seeds", "one"), "--seeds takes whole numbers separated by commas, was 'one'"),
        (("--presets", "full", "--seeds", "1,,2"), "--seeds takes whole numbers separated by commas"),
        (("--presets", "full", "--seeds", "-1"), "--seeds takes whole numbers separated by commas"),
        (("--presets", "full", "--seeds", "1,1"), "--seeds: each seed once was expected, 1 came twice"),
        (("--presets", "full", "--seeds", "3,2, 02,3"), "--seeds: each seed once was expected, 2, 3 came twice"),
        (("--presets", "full", "--seeds", "²"), "--seeds takes whole numbers separated by commas"),
        (("--presets", "full", "--json", "none/table.json"), "none does not exist"),
        ((), "--presets, --single-task or --backbone was expected, none was given"),
        (("--single-task", "--backbone", "a"), "--single-task belongs to --presets"),
        (("--presets", "full", "--probe", "5"), "--probe belongs to --backbone, which was not given"),
        (("--backbone", "a", "--backbone", "a"), "--backbone: each backbone once was expected, a came twice"),
    ],
)
def test_what_cannot_be_compared_is_one_line_before_anything_runs(
    short: Path, home: Path, arguments: tuple[str, ...], gist: str
):
    assert gist in complaint("compare", short, *arguments)
    assert not home.exists()


def test_a_narrow_terminal_cuts_no_name_and_no_figure(short: Path):
    figures = {"eval/topic/accuracy": Spread(0.8123, 0.0123), "eval/entities/f1": Spread(0.7, 0.01)}
    row = StrategyResult(
        "probe_then_finetune", 3, figures, Spread(120, 3), 812_345_678, 90_123_456, 12_345_678, 22_345_678
    )
    printed = io.StringIO()
    Console(file=printed, width=60).print(comparing._table(load(short), [row]))
    body = "\n".join(line for line in printed.getvalue().splitlines() if line.startswith("│"))
    cells = columns_of(body)
    assert cells == ["probe_then_finetune", "0.8123±0.0123", "0.7000±0.0100", "", "120±3", *cells[5:]]
    assert cells[5:] == ["812MB", "12,345,678", "90.1MB"]
