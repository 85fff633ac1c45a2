"""One sentence for a command line that cannot be read, whichever library reads it."""

import re

_WHOLE = "a whole number was expected"
_PHRASES = (
    (r"Input should be a valid integer.*", _WHOLE),
    (r"Input should be a valid number.*", "a number was expected"),
    (r"Input should be (less|greater) than or equal to (\S+)", r"a number \1 than or equal to \2 was expected"),
    (r"invalid int value: (.+)", rf"{_WHOLE}, was \1"),
    (r"invalid choice: (.+) \(choose from (.+)\)", r"one of \2 was expected, was \1"),
    (r"expected one argument", "a value was expected, there is none"),
    (r"unrecognized arguments: (.+)", r"there is no option \1"),
    (r"^argument ", ""),
    (r"^Invalid value for '(.+?)': ", r"\1: "),
)


def usage_sentence(message: str) -> str:
    """What Typer or argparse says of a wrong call, as one sentence of ours."""
    for pattern, said in _PHRASES:
        message = re.sub(pattern, said, message)
    return f"{message or 'a command was expected'} (--help says how)"
