import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from demo import page
from demo.answers.engines import Engines
from demo.runs import RunManager
from tests.demo.fakes import FakeModel, settings


def build(**how):
    chosen = settings(**how)
    runs = RunManager(chosen)
    return page.build_page(
        settings=chosen, engines=Engines(settings=chosen, runs=runs, load=lambda _: FakeModel()), runs=runs
    )


def texts(blocks) -> str:
    return str(blocks.get_config_file()["components"])


@pytest.mark.parametrize("how", [{}, {"share": True}, {"space": True, "training": "full"}])
def test_the_page_has_its_tabs_and_a_start_button(how):
    found = texts(build(**how))
    for tab in ("Analyze", "Embeddings", "Classes", "Entities", "Label", "Train", "Runs", "Guide"):
        assert f"'label': '{tab}'" in found
    assert "Start training" in found


def test_a_page_without_training_has_no_start_button_and_no_handler_that_starts():
    blocks = build(training="off")
    assert "Start training" not in texts(blocks)
    assert "switched off" in texts(blocks)


def test_only_the_endpoints_of_programs_are_offered_in_the_public_api():
    offered = build().get_api_info()
    assert set(offered["named_endpoints"]) == {"/analyze", "/embed", "/classify", "/tag"}
    assert not offered["unnamed_endpoints"]


def test_what_a_handler_only_hands_on_is_handed_on_by_the_browser():
    # A late answer of the server would replace what was chosen or typed in the meantime.
    handlers = {event.fn.func if isinstance(event.fn, partial) else event.fn for event in build().fns.values()}
    assert str not in handlers
    assert not [fn for fn in handlers if getattr(fn, "__name__", "") == "<lambda>"]


def test_nothing_that_the_server_holds_is_set_by_the_browser_alone():
    alone = [event for event in build().fns.values() if event.fn is None]
    assert alone
    assert not [block for event in alone for block in event.outputs if block.stateful]


def test_the_page_starts_without_torch():
    program = "import sys, app; sys.exit('torch' in sys.modules or 'transformers' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])
