"""Data files from a Hub data set: `hf:owner/name/path/in/repository.csv`."""

from pathlib import Path

from mtl.errors import DataError


def fetch_dataset(reference: str) -> Path:
    """A local copy of one file of a Hub data set, from the cache where it is there.

    Raises:
        DataError: the reference is malformed, or the file cannot be had.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    parts = reference.removeprefix("hf:").split("/", 2)
    if len(parts) != 3 or not all(parts):
        raise DataError(f"a Hub file is written hf:owner/name/path/to/file.csv, was {reference!r}")
    owner, name, file = parts
    try:
        return Path(hf_hub_download(f"{owner}/{name}", file, repo_type="dataset"))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError, ValueError) as error:
        raise DataError(f"{reference}: the file cannot be fetched from the Hub ({type(error).__name__})") from error
