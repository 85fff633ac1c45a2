from types import SimpleNamespace

import gradio as gr
import pytest

from demo.latest_only import LatestOnly
from demo.tabs.panels import answering
from demo.tabs.runs import before_after, detail
from demo.tabs.runs.pushing import build_pushing, empty_push


def test_another_run_drops_pending_requests_of_every_section():
    pending = LatestOnly(), LatestOnly(), LatestOnly()
    opening = detail.dropping(lambda owner, run: (owner, run))

    def opened_meanwhile():
        assert opening(2.0, *pending, "ann", "run 2") == ("ann", "run 2")
        return ("of run 1",)

    for requests in pending:
        assert answering(opened_meanwhile, outputs=1)(requests, "1|f1") == (gr.skip(), gr.skip())
        assert answering(lambda: ("of run 2",), outputs=1)(requests, "3|f2") == ("f2", "of run 2")


@pytest.mark.parametrize("public", [False, True])
def test_another_run_clears_every_result_of_the_run_before(public):
    with gr.Blocks():
        made = detail.build_run_detail(public=public)
    assert (made.pushing is None) is public
    opening = detail.Opening(SimpleNamespace(), SimpleNamespace(), made)
    assert len(before_after.empty_change()) == len(made.before_after.clearing)
    results = {made.before_after.map, made.before_after.table, made.evaluation.result, made.suspects.result}
    assert results | {made.suspects.found} <= set(made.outputs)
    assert len(opening.show("ann", "", [])) == 1 + len(made.outputs)


def test_nothing_that_was_entered_to_push_one_run_is_kept_for_another():
    with gr.Blocks():
        made = build_pushing()
    entered = [one for one in vars(made).values() if isinstance(one, gr.Textbox | gr.Radio | gr.Checkbox)]
    cleared = dict(zip(made.clearing, empty_push(), strict=True))
    assert {one: cleared.get(one) for one in entered} == {one: one.value or "" for one in entered} | {
        made.sample: False
    }
