"""What visitors leave on a server: uploads, and models that they trained."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from itertools import cycle
from pathlib import Path

import yaml
from served import ROOT, Load
from visitors import PageMap, Visitor

sys.path.insert(0, str(ROOT))

from demo.answers.engines import key_of  # noqa: E402
from demo.runs.visitors import hashed_visitor, write_visitor  # noqa: E402
from mtl.runs import RunFolder  # noqa: E402

UPLOADS, MODELS = 50, 20


async def upload_and_classify(load: Load, sentences: list[str]) -> None:
    """50 visitors upload a file of 100 sentences each and classify it."""
    lines = cycle(sentences)
    for _ in range(UPLOADS):
        visitor = Visitor(load.port)
        await visitor.open()
        content = "\n".join(next(lines) for _ in range(100)).encode()
        await classify_file(visitor, load.page, "sentences.txt", content)
        visitor.close()


async def classify_file(visitor: Visitor, page: PageMap, name: str, content: bytes) -> None:
    """Upload a file on the Classes tab and classify it."""
    file = await visitor.upload(name, content)
    fn = page.triggered("ph-class-text-file", "upload")
    await visitor.call(fn, page.values(fn, {"ph-class-text-file": file}))
    taken = await visitor.call(page.filling("ph-class-text"), page.values(page.filling("ph-class-text"), {}))
    shown = taken[1] if isinstance(taken[1], str) else ""
    fn = page.triggered("ph-class-text", "submit")
    await visitor.call(fn, page.values(fn, {"ph-class-text": shown, "ph-picker": "starter"}))


async def use_models(load: Load, sentence: str) -> None:
    """A visitor analyses a sentence with each of 20 trained models, three times round."""
    visitor = Visitor(load.port)
    await visitor.open()
    keys = [key_of(name) for name in trained_models(load.home, visitor.cookie.partition("=")[2])]
    await visitor.arrive(load.page)  # its page lists the models
    for key in keys * 3:
        given = {"ph-sentence": sentence, "ph-picker": key}
        await visitor.call(load.page.analyze, load.page.values(load.page.analyze, given))
    visitor.close()


def trained_models(home: Path, owner: str) -> list[str]:
    """Train a model for one step with the whole backbone, and give a visitor 20 copies; returns the runs' ids."""
    train = next((ROOT / "examples" / "topic").glob("train.*"))
    recipe = {
        "tasks": {"topic": {"kind": "classification", "train": str(train)}},
        "freezing": {"preset": "full"},
        "budget": {"epochs": 1, "batch_tokens": 100_000},
    }
    runs = home / "runs"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recipe.yaml"
        file.write_text(yaml.safe_dump(recipe), encoding="utf-8")
        command = [sys.executable, "-m", "mtl", "train", str(file), "--run-dir", str(runs / "model-00")]
        subprocess.run(command, cwd=ROOT, env={**os.environ, "MTL_HOME": str(home)}, check=True, capture_output=True)
    names = [f"model-{number:02}" for number in range(MODELS)]
    for name in names[1:]:
        shutil.copytree(runs / names[0], runs / name)
    for name in names:
        assert json.loads((runs / name / "status.json").read_text(encoding="utf-8"))["state"] == "finished"
        write_visitor(RunFolder(runs / name), hashed_visitor(owner))
    return names
