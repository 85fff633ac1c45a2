"""What the fuzz tests run in child processes with the limits of a public page: whatever is not a result or an error
of ours is told by its class and place."""

import tempfile
import traceback
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from types import SimpleNamespace

from demo.answers.gold import read_labelled, read_tagged
from demo.inputs.columns import first_rows, text_roles
from demo.inputs.text_input import read_sentences
from mtl.data import TaskLog, read_files
from mtl.data.formats import Source, read_records
from mtl.data.place import ReadLog
from mtl.errors import MtlError
from mtl.recipe import TaskConfig, TaskKind, check
from mtl.recipe.yaml_text import read_yaml
from tests.demo.fakes import settings

_PAGE = settings(training="capped")
_CONFIGS = (
    TaskConfig(kind=TaskKind.CLASSIFICATION),
    TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True),
    TaskConfig(kind=TaskKind.TAGGING),
    TaskConfig(kind=TaskKind.SIMILARITY),
)


def read_all(contents: list[bytes], suffix: str) -> list[str]:
    """Read files by every reader of the page and of training; what went wrong with one that should not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"given{suffix}"
        wrong = []
        for content in contents:
            path.write_bytes(content)
            wrong += [found for read in _readers(path) if (found := _bug(read))]
        return wrong


def parse_all(texts: list[str]) -> list[str]:
    """Parse recipes."""
    return [found for text in texts if (found := _bug(lambda text=text: _recipe(text)))]


def _readers(path: Path) -> list[Callable[[], object]]:
    return [
        *(lambda config=config: list(read_files(config, [str(path)], log=TaskLog())) for config in _CONFIGS),
        lambda: read_files(TaskConfig(kind=TaskKind.CLASSIFICATION), [str(path)]),
        lambda: list(islice(read_records(Source(path), ReadLog(lambda _: None)), 20)),
        lambda: read_sentences(path, _PAGE),
        lambda: read_labelled(path, _PAGE),
        lambda: read_tagged(path, _PAGE),
        lambda: first_rows(path),
        lambda: text_roles(path),
    ]


def _recipe(text: str) -> SimpleNamespace:
    recipe = check(read_yaml(text, where="given.yaml"), where="given.yaml")
    return SimpleNamespace(tasks=len(recipe.tasks))


def _bug(read: Callable[[], object]) -> str | None:
    try:
        read()
    except MtlError as error:
        sentence = str(error)
        return f"not one sentence: {sentence!r:.200}" if not sentence.strip() or "\n" in sentence.strip() else None
    except MemoryError:
        raise
    except Exception as error:  # anything else is what the test looks for
        frames = traceback.extract_tb(error.__traceback__)[-3:]
        return f"{type(error).__name__}: {error!s:.80} at {[f'{Path(f.filename).name}:{f.lineno}' for f in frames]}"
    return None
