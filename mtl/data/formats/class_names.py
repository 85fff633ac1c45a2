"""Names of classes that Hugging Face data sets store by number."""

from collections.abc import Mapping
from typing import Any


def class_names(features: object) -> dict[str, tuple[str, ...]]:
    """The names of the `ClassLabel` columns, and of columns that are lists of them, from a data set's features."""
    found = {}
    for column, feature in features.items() if isinstance(features, Mapping) else ():
        while (isinstance(feature, Mapping) and "names" not in feature) or isinstance(feature, list):
            feature = feature[0] if isinstance(feature, list) and feature else _inner(feature)
        names = feature.get("names") if isinstance(feature, Mapping) else None
        if isinstance(names, list) and all(isinstance(name, str) for name in names):
            found[str(column)] = tuple(names)
    return found


def _inner(feature: object) -> object:
    return feature.get("feature") if isinstance(feature, Mapping) else None


def named(record: dict[str, Any], names: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A record with the names of classes in place of their numbers; -1 is a class that nobody gave."""
    for column, known in names.items():
        if column in record:
            record[column] = _named(record[column], known)
    return record


def _named(value: object, names: tuple[str, ...]) -> object:
    if isinstance(value, list):
        return [_named(one, names) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and value < len(names):
        return names[value] if value >= 0 else None
    return value
