"""Every link of the documents leads somewhere, and the check of the API reference finds one that does not."""

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")


def anchors_of(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_link_of_a_document_leads_somewhere(document: Path):
    for found in LINK.finditer(document.read_text(encoding="utf-8")):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text(encoding="utf-8")), link


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("b.html", True),
        ("b.html#there", True),
        ("#here", True),
        ("c.html", False),
        ("b.html#gone", False),
        ("#x", False),
    ],
)
def test_a_link_of_the_reference_that_leads_nowhere_is_found(tmp_path: Path, link: str, leads: bool):
    pytest.importorskip("pdoc")
    spec = importlib.util.spec_from_file_location("reference", ROOT / "docs" / "reference.py")
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)
    (tmp_path / "a.html").write_text(f'<p id="here"></p><a href="{link}">x</a><a href="https://example.org">y</a>')
    (tmp_path / "b.html").write_text('<p id="there"></p>')
    assert (list(reference._broken_links(tmp_path)) == []) is leads


def test_the_page_on_scale_has_what_its_program_prints():
    ended = subprocess.run(
        [sys.executable, "benchmarks/scale.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    page = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8").splitlines()
    assert [line for line in ended.stdout.splitlines() if line not in page] == []
