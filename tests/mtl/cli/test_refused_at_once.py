"""What a command refuses for its arguments it refuses before it imports torch or loads a model, which take seconds."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import json, sys
from mtl.cli.app import main
for name, arguments in json.loads(sys.argv[1]).items():
    status = main(arguments)
    loaded = [module for module in ("torch", "openvino") if module in sys.modules]
    print(json.dumps([name, status, loaded]), flush=True)
"""
_WRONG = {
    "train": ["train", "none.yaml"],
    "train, wrong key": ["train", "wrong.yaml"],
    "train, wrong override": ["train", "good.yaml", "--set", "budget.nosuch=1"],
    "train, resume": ["train", "--resume", "none"],
    "plan": ["plan", "none.yaml"],
    "compare": ["compare", "wrong.yaml", "--presets", "full"],
    "suspects": ["suspects", "none.yaml"],
    "suspects of a run": ["suspects", "."],
    "evaluate": ["evaluate", "starter", "--data", "topic=none.csv"],
    "evaluate, no task": ["evaluate", "nobody/nothing", "--data", "=good.csv"],
    "evaluate, no file": ["evaluate", "nobody/nothing", "--data", "topic"],
    "evaluate, an empty file": ["evaluate", "nobody/nothing", "--data", "topic="],
    "evaluate, two files": ["evaluate", "nobody/nothing", "--data", "topic=good.csv", "--data", "topic=good.csv"],
    "evaluate, similarity": ["evaluate", "starter", "--similarity", "none.csv"],
    "evaluate, no model": ["evaluate", "none", "--data", "topic=good.csv"],
    "predict": ["predict", "starter", "none.csv", "out.jsonl"],
    "predict, no model": ["predict", "none", "good.csv", "out.jsonl"],
    "predict, a folder": ["predict", "starter", ".", "out.jsonl"],
    "predict, precision": ["predict", "starter", "good.csv", "out.jsonl", "--precision", "fp3"],
    "predict, text column": ["predict", "nobody/nothing", "good.csv", "out.jsonl", "--text-column", "nosuch"],
    "predict, kept column": ["predict", "nobody/nothing", "good.csv", "out.jsonl", "--keep", "nosuch"],
    "predict, another format": ["predict", "nobody/nothing", "good.csv", "out.jsonl", "--format", "parquet"],
    "predict, no text": ["predict", "nobody/nothing", "empty.txt", "out.jsonl"],
    "encode, kept column": ["encode", "nobody/nothing", "good.csv", "out.npy", "--keep", "nosuch"],
    "predict on a cluster, kept column": [
        *("predict", "nobody/nothing", "good.csv", "out.jsonl", "--engine", "ray", "--keep", "nosuch")
    ],
    "predict on a cluster": ["predict", "starter", "none.csv", "out.jsonl", "--engine", "ray"],
    "predict on a cluster, a folder": ["predict", "starter", ".", "out.jsonl", "--engine", "ray"],
    "predict on a cluster, precision": [
        *("predict", "starter", "good.csv", "out.jsonl"),
        *("--engine", "ray", "--worker-gpus", "1", "--precision", "fp3"),
    ],
    "evaluate, precision": ["evaluate", "starter", "--data", "topic=good.csv", "--precision", "fp3"],
    "evaluate, links in a circle": ["evaluate", "starter", "--data", "topic=good.csv", "--json", "circle"],
    "predict, links in a circle": ["predict", "starter", "good.csv", "circle"],
    "predict, a folder of links in a circle": ["predict", "starter", "good.csv", "circle/out.jsonl"],
    "prepare, links in a circle": ["prepare", "starter", "--json", "circle"],
    "convert, links in a circle": ["convert", "good.csv", "circle"],
    "predict on a cluster, links in a circle": ["predict", "starter", "good.csv", "circle", "--engine", "ray"],
    "encode, links in a circle": ["encode", "starter", "good.csv", "circle/a.npy"],
    "predict of links in a circle": ["predict", "starter", "circle", "out.jsonl"],
    "plan, data by links in a circle": ["plan", "circle.yaml"],
    "plan, a folder of data by links in a circle": ["plan", "good.yaml", "--set", "data_root=circle"],
    "plan, a recipe by links in a circle": ["plan", "circle"],
    "plan, a table by links in a circle": ["plan", "good.yaml", "--json", "circle"],
    "suspects, a table by links in a circle": ["suspects", "good.yaml", "--json", "circle"],
    "plan, a table in the place of its data": ["plan", "good.yaml", "--json", "good.csv"],
    "train, links in a circle": ["train", "good.yaml", "--run-dir", "circle"],
    "train, resumed in a circle": ["train", "--resume", "circle"],
    "track, links in a circle": ["track", "circle", "--to", "tensorboard"],
    "compare, links in a circle": ["compare", "good.yaml", "--presets", "full", "--run-dir", "circle"],
    "encode": ["encode", "starter", "none.csv", "out.npy"],
    "export": ["export", "none", "made", "--format", "onnx"],
    "prepare": ["prepare", "none"],
    "push": ["push", "none", "a/b"],
    "serve": ["serve", "none"],
    "track": ["track", "none", "--to", "tensorboard"],
    "convert": ["convert", "none.csv", "out.jsonl"],
}


@pytest.fixture(scope="module")
def refusals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[int, list[str], str]]:
    """By name: the exit status, what was imported, and what was said."""
    folder = tmp_path_factory.mktemp("refused")
    (folder / "circle").symlink_to("circle")
    (folder / "wrong.yaml").write_text("task: {}\n")
    (folder / "good.yaml").write_text("tasks: {topic: {kind: classification, train: good.csv, dev: good.csv}}\n")
    (folder / "circle.yaml").write_text("tasks: {topic: {kind: classification, train: circle}}\n")
    (folder / "empty.txt").touch()
    (folder / "good.csv").write_text("text,label\ngood,a\nbad,b\n")
    program = f"import sys; sys.path.insert(0, {str(Path(__file__).parents[3])!r})\n{_PROGRAM}"
    command = [sys.executable, "-c", program, json.dumps(_WRONG)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    said = done.stderr.splitlines()
    assert len(said) == len(_WRONG), done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {name: (status, loaded, line) for (name, status, loaded), line in zip(found, said, strict=True)}


@pytest.mark.parametrize("name", _WRONG)
def test_it_is_one_sentence_without_torch_or_a_model(refusals: dict[str, tuple[int, list[str], str]], name: str):
    status, loaded, said = refusals[name]
    assert status == 1
    assert said.startswith("error: ")
    assert "nobody/nothing" not in said  # which would have been looked up
    assert not loaded
