"""What `app.py` does before it answers anybody."""

import gc

import gradio as gr
import pytest

import app


def test_no_collection_goes_through_what_the_page_consists_of(monkeypatch: pytest.MonkeyPatch, tmp_path):
    """Each full one would hold up all visitors, for tenths of a second."""
    components, traversed = [], []

    def launch(page: gr.Blocks, **_: object) -> None:
        passed = {id(each) for each in gc.get_objects()}
        components.extend(page.blocks.values())
        traversed.extend(each for each in components if id(each) in passed)

    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    monkeypatch.setattr(gr.Blocks, "launch", launch)
    monkeypatch.setattr(app, "_load_first", lambda engines: None)
    try:
        assert app.main([]) == 0
    finally:
        gc.unfreeze()
    assert components
    assert not traversed
