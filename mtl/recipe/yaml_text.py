"""YAML of recipes, read by libyaml in time and memory that grow with its length, whoever wrote it."""

from pathlib import Path

import yaml

from mtl.errors import RecipeError

MOST_CHARACTERS = 1_000_000
"""Of a recipe, which is a page of text."""

_BOOLEAN = "tag:yaml.org,2002:bool"


class _Loader(yaml.CSafeLoader):
    """Only `true` and `false` are booleans: yes, no, on and off are labels too often."""

    yaml_implicit_resolvers = {
        first: [(tag, found) for tag, found in known if tag != _BOOLEAN or first in "tTfF"]
        for first, known in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


def read_yaml(text: str, *, where: str | Path, key: str | None = None, aliases: bool = False) -> object:
    """The content of YAML text; a key that is given twice is refused, since YAML would keep the last one in silence.

    Args:
        text: the YAML.
        where: the file or field that it comes from.
        key: the key whose value it is, if it is one.
        aliases: whether `*name` may stand for an anchor; a few of them can mean gigabytes.

    Raises:
        RecipeError: it is no YAML, too long or nested too deeply, or has aliases that it must not have.
    """
    if len(text) > MOST_CHARACTERS:
        raise RecipeError(
            f"YAML of at most {MOST_CHARACTERS:,} characters was expected, was {len(text):,}", path=where, key=key
        )
    try:
        if not aliases and any(
            isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.CSafeLoader)
        ):
            raise RecipeError("YAML without aliases (*name) was expected", path=where, key=key)
        _refuse_repeated_keys(yaml.compose(text, Loader=yaml.CSafeLoader), where)
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = min(mark.line, text.count("\n")) + 1 if mark and key is None else None
        raise RecipeError("valid YAML was expected", path=where, line=line, key=key) from error
    except (RecursionError, ValueError) as error:  # nested below what libyaml takes; a date or number out of range
        raise RecipeError("valid YAML was expected", path=where, key=key) from error


def _refuse_repeated_keys(root: yaml.Node | None, where: str | Path) -> None:
    waiting, known = [root], set[int]()
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in known:
            continue
        known.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += reversed(node.value)
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for name, _ in node.value:
                if isinstance(name, yaml.ScalarNode) and name.value in seen:
                    line = name.start_mark.line + 1
                    raise RecipeError(f"the key {name.value} was given before", path=where, line=line)
                seen.add(str(name.value))
            waiting += reversed([value for _, value in node.value])
