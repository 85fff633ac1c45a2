"""`backbones`: what it prints, writes and refuses."""

import json
from pathlib import Path

import pytest

from mtl.backbones.catalogue import CATALOGUE, Domain
from tests.mtl.cli.calling import complaint, succeed


@pytest.mark.parametrize("domain", [None, *Domain])
def test_the_table_has_the_encoders_of_a_domain(domain: Domain | None, tmp_path: Path):
    options = ("--domain", domain) if domain else ()
    printed = succeed("backbones", *options, "--json", tmp_path / "out.json").stdout
    written = json.loads((tmp_path / "out.json").read_text())
    expected = [entry for entry in CATALOGUE if domain in (None, entry.domain)]
    assert [record["name"] for record in written] == [entry.name for entry in expected]
    assert [record["parameters"] for record in written] == [entry.parameters for entry in expected]
    assert all(record["source"].endswith(record["name"]) and record["relative_cost"] >= 1 for record in written)
    assert ("convert:" in printed) == any(not entry.safetensors for entry in expected)
    assert "relative to all-MiniLM-L6-v2" in printed


def test_an_unknown_domain_is_refused():
    assert "--domain takes general, " in complaint("backbones", "--domain", "poetry")


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path):
    assert "does not exist" in complaint("backbones", "--json", tmp_path / "none" / "out.json")
