"""Hub data sets: a file of one, or a split of one through `datasets`.

`hf:owner/name` is its only file of the split, `hf:owner/name/path/in/repository.csv` that file, and
`hf:owner/name:config:split`, `hf:owner/name:config` and `hf:owner/name:split` what `datasets` makes of it.
"""

import re
import ssl
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from mtl.data.formats import CONLL_SUFFIXES, TABLE_SUFFIXES
from mtl.data.formats.class_names import named
from mtl.data.place import Place, Row
from mtl.errors import DataError
from mtl.hub import network_errors
from mtl.recipe.choices import HUB_PREFIX

_COLON = re.compile(r":(?![^\[]*\])")  # outside of brackets, as in train[:10%]
_SPLITS = ("train", "dev", "validation", "valid", "val", "test")
_WAIT = 5  # seconds for the Hub to answer
_SPLIT_NAMES = {"train": ("train",), "dev": ("dev", "validation", "valid", "val")}


def fetch_dataset(reference: str, *, split: str) -> Path:
    """A local copy of one file of a Hub data set, from the cache where it is there.

    Args:
        reference: with a path, that file; without one, the data set's only file named after the split.
        split: `train` or `dev`.

    Raises:
        DataError: the reference is malformed, the data set has no such file, or it cannot be had.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    owner, name, file = _split_reference(reference)
    repository = f"{owner}/{name}"
    try:
        with _offline_without_network():
            return Path(hf_hub_download(repository, file or _find(repository, split), repo_type="dataset"))
    except HFValidationError as error:
        raise DataError("a Hub data set is written hf:owner/name", key=reference) from error
    except network_errors(LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        raise DataError(f"the file cannot be fetched from the Hub ({type(error).__name__})", key=reference) from error


def _split_reference(reference: str) -> tuple[str, str, str]:
    owner, _, rest = reference.removeprefix(HUB_PREFIX).partition("/")
    name, _, file = rest.partition("/")
    if not owner or not name:
        raise DataError(f"a Hub data set is written hf:owner/name or hf:owner/name/file.csv, was {reference!r}")
    return owner, name, file


def _find(repository: str, split: str) -> str:
    from huggingface_hub import HfApi

    readable = set(TABLE_SUFFIXES) | set(CONLL_SUFFIXES)
    files = HfApi().list_repo_files(repository, repo_type="dataset")
    found = [
        file
        for file in map(PurePosixPath, files)
        if file.suffix.lower() in readable and file.stem.lower().split("-")[0] in _SPLIT_NAMES[split]
    ]
    if len(found) != 1:
        raise DataError(
            f"hf:{repository}: one file named {' or '.join(_SPLIT_NAMES[split])} was expected, were {len(found)}; "
            f"name it: hf:{repository}/path/to/file"
        )
    return str(found[0])


def is_split(reference: str) -> bool:
    """Whether a reference names a configuration or a split, so that `datasets` reads it."""
    return ":" in reference.removeprefix(HUB_PREFIX)


def dataset_rows(reference: str, *, split: str, keep_numbers: bool) -> Iterator[Row]:
    """The rows of a split of a data set, which lies in a memory-mapped file.

    Args:
        reference: `hf:owner/name` with a configuration, a split or both.
        split: `train` or `dev`, where the reference names none.
        keep_numbers: whether classes keep their number instead of their name.

    Raises:
        DataError: `datasets` is not installed, or the data set cannot be had.
    """
    repository, config, name = _parts(reference, split)
    try:
        import datasets
    except ImportError as error:
        raise DataError(
            "a split of a data set needs the package datasets: pip install datasets", key=reference
        ) from error

    try:
        with _offline_without_network():
            loaded = datasets.load_dataset(repository, config, split=name)
    except network_errors(ValueError, datasets.exceptions.DatasetsError) as error:
        why = next(iter(str(error).splitlines()), "")[:100]
        message = f"the data set cannot be loaded ({type(error).__name__}: {why})"
        raise DataError(message, key=reference) from error
    names = {} if keep_numbers else _names(loaded.features)
    place = Place(Path(reference))
    for number, record in enumerate(loaded, start=1):
        yield Row(Place(Path(reference), f"row {number}"), named(dict(record), names), place)


@contextmanager
def _offline_without_network() -> Iterator[None]:
    """Let the clients of the Hub use what they have at once where it does not answer: they would try for half a minute.

    This sets what the environment variable `HF_HUB_OFFLINE` sets, which they read only when they are imported.
    """
    from huggingface_hub import constants

    settings: list[tuple[Any, str]] = [(constants, "HF_HUB_OFFLINE")]
    if "datasets" in sys.modules:
        config = getattr(sys.modules["datasets"], "config", None)
        settings += [(config, name) for name in ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE") if hasattr(config, name)]
    before = [getattr(module, name) for module, name in settings]
    if not any(before) and not _answers(constants.ENDPOINT):
        for module, name in settings:
            setattr(module, name, True)
    try:
        yield
    finally:
        for (module, name), value in zip(settings, before, strict=True):
            setattr(module, name, value)


def _answers(address: str) -> bool:
    try:
        urlopen(Request(address, method="HEAD"), timeout=_WAIT).close()
    except HTTPError:
        return True
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # certificates are the clients' own affair
    except OSError:
        return False
    return True


def _parts(reference: str, split: str) -> tuple[str, str | None, str]:
    repository, *rest = _COLON.split(reference.removeprefix(HUB_PREFIX))
    if repository.count("/") != 1 or not all(repository.split("/")) or len(rest) > 2 or not all(rest):
        raise DataError(f"a Hub data set is written hf:owner/name[:config][:split], was {reference!r}")
    named_split = rest[-1] if rest and (len(rest) == 2 or rest[-1].split("[")[0] in _SPLITS) else None
    config = rest[0] if len(rest) == 2 or (rest and named_split is None) else None
    return repository, config, named_split or {"train": "train", "dev": "validation"}[split]


def _names(features: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The names of the columns of classes, and of those that are lists of classes."""
    found = {}
    for column, feature in features.items():
        while not hasattr(feature, "names") and hasattr(feature, "feature"):
            feature = feature.feature
        if hasattr(feature, "names"):
            found[column] = tuple(feature.names)
    return found
