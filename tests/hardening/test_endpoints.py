"""Every endpoint of the page, found in `/config`, with every kind of wrong argument and every kind of owner.

The endpoints come from the configuration that a browser gets, so a new one is covered by itself. `make test` asks each
endpoint with a part of the wrong arguments, drawn with a fixed seed; `POLYHEAD_ALL_ENDPOINTS=1` asks all of them.
"""

import os
import random
from threading import active_count

import pytest

from demo.serving import visitor
from mtl.recipe import Recipe
from mtl.runs import runs_root
from tests.demo.fakes import settings
from tests.hardening.served import cookie, served

ME, OTHER = visitor.new_token(), visitor.new_token()
MARK, RUN = "only-mine-7f3a", "RUN-ID"
_FILE = {"meta": {"_type": "gradio.FileData"}}
WRONG = [
    None,
    True,
    0,
    -1,
    2**63,
    1e308,
    "",
    "abc",
    " ",
    "\x00",
    "\ud7ff\U0001f600",
    "a" * 20_000,
    "<script>alert(1)</script>",
    "../../../etc/passwd",
    "/etc/passwd",
    "run:../..",
    RUN,
    f"run:{RUN}",
    f"began:{RUN}",
    "began:x",
    "[" * 500,
    "a: &a [*a, *a]",
    "null",
    [],
    [None],
    [[]],
    ["abc"] * 50,
    [1, "a", None, {}],
    {},
    {"a": 1},
    {"value": None},
    {"__type__": "update", "choices": []},
    {"__type__": "update", "value": "x"},
    {"path": "/etc/passwd", **_FILE},
    {"path": "../app.py", **_FILE},
    {"path": "", **_FILE},
    {"path": None, **_FILE},
    {"path": "x" * 5000, **_FILE},
    {"path": "\x00", **_FILE},
    [{"path": "/etc/passwd", **_FILE}],
    {"headers": 5, "data": "x"},
    {"row": -1, "stamp": "x"},
    {"text": {"deep": [[[[[[[]]]]]]]}},
    "1e9",
    "nan",
    "-inf",
]
"""Values for every input at once."""
BODIES = [
    {"data": []},
    {"data": [None] * 200},
    {"data": ["x"], "trigger_id": "x"},
    {"data": ["x"], "event_data": {"row": {}, "stamp": [], "text": None}},
    {"data": [], "batched": True},
    {"data": [], "event_id": "x", "simple_format": True},
]
"""Whole bodies."""
_SAMPLE = 1


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MTL_HOME", str(home))
        with served(settings(training="capped", share=True), share=True) as one:
            tasks = {"topic": {"kind": "classification", "train": ["x.csv"]}}
            one.mine = one.runs.start(Recipe.model_validate({"tasks": tasks}), owner=ME).id
            one.runs.rename(one.mine, ME, MARK)
            yield one


def _endpoints(page):
    config = page.client.get("/config", headers=cookie(ME)).json()
    known = [page.blocks.fns[found["id"]] for found in config["dependencies"] if found["backend_fn"]]
    assert len(known) > 50
    return known


def _need_sentence(status, content, what):
    assert status < 600, what
    if status == 200:
        return
    sentence = content.get("error") or content.get("detail")
    assert sentence, (what, status, content)
    assert "Traceback" not in str(content) and "site-packages" not in str(content), (what, content)
    assert "not expected" not in str(sentence), (what, content)


def _bodies(fn, mine):
    count = len(fn.inputs)
    values = [value.replace(RUN, mine) if isinstance(value, str) else value for value in WRONG]
    return [{"data": [value] * count} for value in values] + BODIES


def test_every_endpoint_answers_every_wrong_request_with_a_sentence(page):
    drawn, everything = random.Random(5), bool(os.environ.get("POLYHEAD_ALL_ENDPOINTS"))
    asked = 0
    for fn in _endpoints(page):
        bodies = _bodies(fn, page.mine)
        for body in bodies if everything else drawn.sample(bodies, _SAMPLE):
            for owner in (ME, OTHER, "") if everything else (drawn.choice((ME, OTHER, "")),):
                asked += 1
                what = (fn._id, fn.api_name, str(body)[:200], owner[:4])
                status, content = page.call(fn, owner=owner, session=f"s-{owner[:6]}", **body)
                _need_sentence(status, content, what)
                assert MARK not in str(content) or owner == ME, what
    assert asked > 150
    assert len(page.sessions.session_data) <= 3 + len(_endpoints(page))
    assert active_count() < 150
    assert [folder.name for folder in runs_root().iterdir()] == [page.mine]
    assert MARK in str(page.runs.runs(ME))
