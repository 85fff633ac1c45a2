"""The function of the page on Spark, over pandas data frames as Spark would hand them over."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import mtl
from mtl.inference import Engine
from tests.mtl.inference.engines import engine_of
from tests.tiny import save_backbone

PAGE = Path(__file__).parents[1] / "docs" / "spark.md"


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The names of the first block, with a tiny engine."""
    engine = engine_of(save_backbone("bert", tmp_path / "backbone"))
    monkeypatch.setattr(mtl.Engine, "load", lambda *_, **__: engine)
    block = re.search(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)[1]
    names: dict[str, object] = {"tiny": engine}
    exec(block, names)
    names["ENTITIES"] = "names"
    return names


def frame(texts: list[object], first: int) -> pd.DataFrame:
    return pd.DataFrame({"id": [str(first + i) for i in range(len(texts))], "text": texts})


def test_rows_of_the_page_are_those_of_the_engine(page: dict[str, object]):
    batches = [frame(["Anna met Tom", None, " ", "good film in Rome"], 0), frame([], 4), frame([None], 4)]
    found = list(page["analyze"](iter(batches)))  # type: ignore[operator]
    columns = re.findall(r"(?:^|, )(\w+) (?:string|double|array)", re.sub(r"<.*?>", "", str(page["SCHEMA"])))
    assert all(list(batch.columns) == columns for batch in found)
    rows = pd.concat(found).to_dict("records")
    assert [row["id"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert [row["label"] is None for row in rows] == [False, True, True, False, True]
    assert [row["embedding"] is None for row in rows] == [False, True, True, False, True]
    engine: Engine = page["tiny"]  # type: ignore[assignment]
    for row in (rows[0], rows[3]):
        one = engine.analyze([row["text"]])[0]
        assert row["label"] == one.labels["topic"][0]
        assert row["probability"] == pytest.approx(one.classes["topic"][row["label"]], abs=1e-6)
        assert [entity["word"] for entity in row["entities"]] == [entity["word"] for entity in one.entities["names"]]
        np.testing.assert_allclose(row["embedding"], one.embedding, rtol=0, atol=1e-5)
