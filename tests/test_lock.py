import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


def _name(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def _versions(file):
    return {_name(name): version for name, version in _PINNED.findall((ROOT / file).read_text(encoding="utf-8"))}


def test_the_lock_file_has_every_pinned_package_in_its_version():
    locked, pinned = _versions("requirements.lock"), _versions("requirements.txt")
    assert pinned and {name: locked.get(name) for name in pinned} == pinned


def test_every_locked_package_has_hashes_and_none_is_torch():
    entries = re.split(r"\n(?=[A-Za-z0-9])", (ROOT / "requirements.lock").read_text(encoding="utf-8").strip())
    packages = [entry for entry in entries if not entry.startswith("#")]
    assert len(packages) > 50 and all("--hash=sha256:" in entry for entry in packages)
    assert "torch" not in _versions("requirements.lock")
