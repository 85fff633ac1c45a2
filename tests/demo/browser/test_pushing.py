"""Push to the Hub as a visitor uses it, against a Hub of ours."""

import contextlib
import shutil
import time

import pytest
from playwright.sync_api import expect

from mtl.folders import files_in
from mtl.inference.source import STARTER_FOLDER
from mtl.runs import RunFolder, RunState, Status
from tests.demo.browser.visiting import open_tab
from tests.demo.server import Server
from tests.hub_server import TOKEN, hub_server

WRONG = "hf_somebodyelse"
NAME = "someone/topics"


@pytest.fixture
def pushing(browser, tmp_path):
    """A page with a run of two large files, and the Hub that it knows."""
    run = RunFolder(tmp_path / "runs" / "20260101-000000-topic-aabbccdd")
    run.create()
    shutil.copytree(STARTER_FOLDER, run.best)
    (run.best / "more.safetensors").write_bytes(b"x" * 100_000)
    run.recipe.write_text("tasks: {}\n")
    run.events_file.touch()
    now = time.time()
    run.write_status(Status(RunState.FINISHED, 1, now, now, now, 1, 1))
    with hub_server() as hub:
        server = Server(tmp_path, HF_ENDPOINT=hub.url, HF_HUB_OFFLINE="0", HF_HUB_DISABLE_XET="1", HF_TOKEN="hf_none")
        server.start()
        yield hub, server, run
        server.stop()


def _contents(folder):
    """Of all files; the server goes on writing meanwhile, and deletes what it wrote for a moment."""
    for file in files_in(folder):
        with contextlib.suppress(FileNotFoundError):
            yield file.read_bytes()


@pytest.mark.slow
def test_a_refused_token_and_an_interrupted_upload_are_mended_and_no_token_stays(pushing, open_page, tmp_path):
    hub, server, run = pushing
    page = open_page(server.url)
    open_tab(page, "Runs")
    page.locator(f"#ph-runs [data-open='{run.id}']").click()
    page.locator("#ph-push-fold > button").click()
    token = page.get_by_label("Token")
    expect(token).to_have_attribute("type", "password")
    page.get_by_label("Repository").fill(NAME)

    def push(shown):
        token.fill(shown)
        page.locator("#ph-push-go").click()
        expect(token).to_have_value("")

    problem = page.locator("#ph-push-problem [role=alert]")
    push(WRONG)
    expect(problem).to_contain_text("the Hub does not know this account")
    assert not hub.files

    hub.breaks_after = 1
    push(TOKEN)
    expect(problem).to_contain_text("interrupted; the same call goes on")
    assert len(hub.uploads) == 1 and not hub.files[NAME]

    hub.breaks_after = None
    push(TOKEN)
    expect(page.locator("#ph-push-line [role=status]")).to_contain_text(f"Uploaded: {hub.url}/{NAME}")
    expect(problem).to_have_count(0)
    large = [name for name in hub.files[NAME] if name.endswith(".safetensors")]
    assert len(hub.uploads) == len(set(hub.uploads)) == len(large) > 1 and hub.private[NAME]
    assert "config.json" in hub.files[NAME] and not any(name.startswith("sample/") for name in hub.files[NAME])

    kept = list(_contents(tmp_path))
    secrets = [secret.encode() for secret in (TOKEN, WRONG)]
    assert len(kept) > 10 and not any(secret in content for content in kept for secret in secrets)
    assert not any(secret.decode() in page.content() for secret in secrets)
    stored = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert not any(secret.decode() in stored for secret in secrets)
