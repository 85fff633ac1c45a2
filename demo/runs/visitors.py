"""Who started a run, recorded in its folder as hashes: the owner's token and the network address."""

import hashlib
import hmac
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from mtl.runs import RunFolder, home, runs_root
from mtl.runs.folder import replace_file

_OWNER, _ADDRESS, _KEY = "owner", "address", "address-key"


@dataclass(frozen=True, slots=True)
class HashedVisitor:
    """The hashes of a token and of an address, each empty if it is not known."""

    owner: str = ""
    address: str = ""

    @property
    def group(self) -> str:
        """Those who share their turns: everybody behind an address, or one owner where no address is known."""
        return self.address or self.owner

    def shares_with(self, other: "HashedVisitor") -> bool:
        """Whether both are the same owner, or come from the same address."""
        return bool(self.owner and self.owner == other.owner) or bool(self.address and self.address == other.address)


def hashed_visitor(owner: str, address: str = "") -> HashedVisitor:
    """The visitor with this token and address."""
    return HashedVisitor(hashed(owner) if owner else "", _hashed_address(address) if address else "")


def hashed(owner: str) -> str:
    """The hash of an owner's token."""
    return hashlib.sha256(owner.encode("utf-8", errors="replace")).hexdigest()


def write_visitor(folder: RunFolder, found: HashedVisitor) -> None:
    """Record who started a run."""
    replace_file(folder.path / _OWNER, found.owner)
    if found.address:
        replace_file(folder.path / _ADDRESS, found.address)


def visitor_of(folder: RunFolder) -> HashedVisitor:
    """Who started a run or its comparison; what cannot be read is empty."""
    top = folder.path if folder.path.parent == runs_root() else folder.path.parent
    return HashedVisitor(_read(top / _OWNER), _read(top / _ADDRESS))


def is_owner(folder: RunFolder, owner: str) -> bool:
    """Whether a run or its comparison is this owner's."""
    return bool(owner) and hmac.compare_digest(visitor_of(folder).owner.encode(), hashed(owner).encode())


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _hashed_address(address: str) -> str:
    """Under a key of this machine: there are too few addresses for a hash alone to hide one."""
    return hmac.new(_key(), address.encode("utf-8", errors="replace"), hashlib.sha256).hexdigest()


def _key() -> bytes:
    file = home() / _KEY
    with suppress(OSError):
        if found := file.read_bytes():
            return found
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{_KEY}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as opened:
            opened.write(secrets.token_bytes(32))
        try:
            os.link(fresh, file)
        except FileExistsError:  # another server was faster
            pass
        except OSError:  # a file system without links
            fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
    return file.read_bytes()
