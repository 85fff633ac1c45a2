"""Advisories about Gradio that concern this page: what each of them did is tried, and does not work.

The names are those of the public advisories. What this page does not use (`gr.load`, flagging, `gr.FileExplorer`,
data frames as input, OAuth without a Space) has a test that it is still not used.
"""

import json

import gradio as gr
import pytest

from demo.serving import visitor
from tests.demo.fakes import settings
from tests.hardening.served import cookie, served

ME = visitor.new_token()
SECRET = "/etc/hostname"


@pytest.fixture(scope="module")
def page():
    with served(settings(training="capped", share=True)) as one:
        yield one


def _upload(page, name, content):
    answer = page.client.post("/gradio_api/upload", files={"files": (name, content)}, headers=cookie(ME))
    assert answer.status_code == 200
    return answer.json()[0]


@pytest.mark.parametrize(
    "path",
    [
        SECRET,
        "../../../../../../etc/hostname",
        "..%2f..%2f..%2fetc%2fhostname",
        "%2fetc%2fhostname",
        "/ETC/HOSTNAME",
        "app.py",
        ".git/config",
        "C:/windows/win.ini",
        "//etc/hostname",
        "/proc/self/environ",
    ],
)
def test_cve_2023_51449_and_2026_28414_files_of_the_server_cannot_be_read(page, path):
    for route in ("/gradio_api/file=", "/gradio_api/file/"):
        answer = page.client.get(route + path)
        assert answer.status_code in (403, 404), answer.text


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/", "https://example.org/a.png", "http:/example.org", "file:///etc/hostname"]
)
def test_gradio_13593_the_server_fetches_no_address(page, url):
    assert page.client.get(f"/gradio_api/file={url}").status_code in (403, 404)


@pytest.mark.parametrize("url", ["http://169.254.169.254/", "https://someone-else.hf.space/"])
def test_cve_2026_28416_and_2023_34239_nothing_is_proxied(page, url):
    assert page.client.get(f"/gradio_api/proxy={url}").status_code == 404


@pytest.mark.parametrize(
    "site", [{"origin": "null"}, {"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}]
)
def test_cve_2024_1727_and_47084_other_sites_cannot_upload_or_call(page, site):
    assert page.client.post("/gradio_api/upload", files={"files": ("a", b"x")}, headers=site).status_code == 403
    assert page.post("/gradio_api/queue/join", {"data": []}, headers=site).status_code == 403


@pytest.mark.parametrize("name", ["a.html", "a.svg", "a.xml", "a.js", "a.HTML", "a.xhtml"])
def test_cve_2024_47872_an_uploaded_page_does_not_run_on_this_site(page, name):
    path = _upload(page, name, b"<html><script>alert(1)</script></html>")
    answer = page.client.get(f"/gradio_api/file={path}", headers=cookie(ME))
    harmless = answer.headers["content-type"].startswith(("text/plain", "application/octet-stream"))
    assert harmless or answer.headers.get("content-disposition", "").startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["../../a.csv", "/etc/a.csv", "..\\..\\a.csv", "a\x00.csv", "." * 300 + ".csv", "é" * 300 + ".csv"]
)
def test_cve_2024_10648_the_name_of_an_upload_leads_nowhere(page, name):
    answer = page.client.post("/gradio_api/upload", files={"files": (name, b"x")}, headers=cookie(ME))
    assert answer.status_code < 500 or answer.json()["error"]
    if answer.status_code == 200:
        assert answer.json()[0].startswith(str(page.blocks.app.uploaded_file_dir)) and ".." not in answer.json()[
            0
        ].split("/")


def test_cve_2024_47168_and_10569_no_monitoring_no_component_methods(page):
    assert page.client.get("/monitoring/summary").status_code == 404
    assert (
        page.post("/gradio_api/component_server", {"component_id": 1, "fn_name": "ls", "data": []}).status_code == 404
    )


@pytest.mark.parametrize("path", ["http://127.0.0.1:9/x", "https://example.org/big", "ftp://example.org/a"])
def test_cve_2024_4325_a_file_in_a_request_is_never_fetched(page, path):
    file = {"path": path, "url": path, "meta": {"_type": "gradio.FileData"}}
    for fn in [fn for fn in page.blocks.fns.values() if any(isinstance(b, gr.UploadButton) for b in fn.inputs)]:
        data = [file if isinstance(block, gr.UploadButton) else None for block in fn.inputs]
        body = {"data": data, "fn_index": fn._id, "session_hash": "f"}
        assert page.post("/gradio_api/run/predict", body).status_code == 400


@pytest.mark.parametrize("path", [SECRET, "../../etc/hostname", "/proc/self/environ", "app.py", "requirements.txt"])
def test_cve_2024_1561_files_of_the_server_are_no_uploads(page, path):
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    uploads = [fn for fn in page.blocks.fns.values() if any(isinstance(b, gr.UploadButton) for b in fn.inputs)]
    assert uploads
    for fn in uploads:
        data = [file if isinstance(block, gr.UploadButton) else None for block in fn.inputs]
        _, content = page.call(fn, data, owner=ME, session="u")
        assert "root:" not in json.dumps(content) and "gradio==" not in json.dumps(content)
        assert content.get("error"), content


@pytest.mark.parametrize(
    "body", [b"--x" + b"-" * 200_000, b"--x\r\n" * 20_000, b"", b"--x\r\nContent-Disposition: form-data" * 900]
)
def test_cve_2024_8966_a_broken_upload_is_refused(page, body):
    headers = {"content-type": "multipart/form-data; boundary=x", **cookie(ME)}
    answer = page.client.post("/gradio_api/upload", content=body, headers=headers)
    assert answer.status_code < 500 or answer.json()["error"]


def test_what_advisories_are_about_and_this_page_does_not_use_is_not_used(page):
    kinds = {type(block).__name__ for block in page.blocks.blocks.values()}
    assert not kinds & {
        "FileExplorer",
        "Dataframe",
        "DataFrame",
        "Gallery",
        "Image",
        "Audio",
        "Video",
        "Model3D",
        "Chatbot",
    }
    assert not page.blocks.proxy_urls
    assert not page.blocks.allowed_paths


def test_every_answer_tells_the_browser_what_the_page_may_do(page):
    for path in ("/", "/healthz", "/gradio_api/nothing", "/theme.css"):
        headers = page.client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
