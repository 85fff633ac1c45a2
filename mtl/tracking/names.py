"""Names of figures and settings that every tracker takes, one for each: labels have any characters."""

import hashlib
import re

_LONGEST = 250
_HASH = 16
_UNUSUAL = re.compile(
    r"[^\w\-./ :]"  # MLflow takes letters, digits and these
    r"|_(?=U[0-9A-F]{4})"  # what would read as a written character
    r"|(?:(?<=/)|^)/|/\Z"  # MLflow takes names as paths, and only those that are their own normal form
    r"|(?:(?<=/)|^)\.(?=/|\Z)|(?:(?<=/)|^)\.(?=\.(?:/|\Z))|^\.(?=\.)"
)


def tracker_name(name: str) -> str:
    """The name under which trackers are told a value; different names stay different.

    Characters that a tracker refuses are written as their code points, `C+` as `C_U002B_`. A name of more than 250
    characters, the most that MLflow takes, ends with a hash.
    """
    written = _UNUSUAL.sub(lambda found: f"_U{ord(found.group()):04X}_", name)
    if len(written) <= _LONGEST:
        return written
    digest = hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()[:_HASH]
    return f"{written[: _LONGEST - _HASH - 1]}-{digest}"
