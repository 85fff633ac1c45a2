"""Data files of Hub data sets: `hf:owner/name` with a split, or `hf:owner/name/path/in/repository.csv`."""

from pathlib import Path, PurePosixPath

from mtl.data.tables import TABLE_SUFFIXES
from mtl.data.tagging import CONLL_SUFFIXES
from mtl.errors import DataError

PREFIX = "hf:"
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
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OfflineModeIsEnabled

    owner, name, file = _split_reference(reference)
    repository = f"{owner}/{name}"
    try:
        return Path(hf_hub_download(repository, file or _find(repository, split), repo_type="dataset"))
    except HFValidationError as error:
        raise DataError("a Hub data set is written hf:owner/name", key=reference) from error
    except (HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled, OSError) as error:
        raise DataError(f"the file cannot be fetched from the Hub ({type(error).__name__})", key=reference) from error


def _split_reference(reference: str) -> tuple[str, str, str]:
    owner, _, rest = reference.removeprefix(PREFIX).partition("/")
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
