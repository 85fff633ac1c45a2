"""What is read and written, and what the finished parts in its store were made of."""

from dataclasses import dataclass, replace
from pathlib import Path

from mtl.cluster.store import PartStore, described, is_url
from mtl.data.formats import ReadOptions
from mtl.data.texts import text_source
from mtl.errors import InputError
from mtl.inference.bulk.formats import OutputFormat
from mtl.inference.bulk.state import STATE_FILE, PartsState, file_state, in_words, options_text
from mtl.runs.lock import LOCK


@dataclass(frozen=True, slots=True)
class Corpus:
    """An input and an output, each a path or a URL of fsspec, and how they are read and written."""

    source: str
    target: str
    form: OutputFormat
    options: ReadOptions = ReadOptions()
    keep: tuple[str, ...] = ()

    def state(self, model: str, partition_rows: int) -> PartsState:
        """What parts are made of by a model that `model` tells from others.

        Raises:
            DataError, StorageError: the input cannot be read.
        """
        if is_url(self.source):
            size, version = described(self.source)
            form, options = type(self.form).__name__, options_text(self.options)
            state = PartsState(self.source, size, version, model, form, options, self.keep)
        else:
            source = text_source(Path(self.source), self.options)
            state = file_state(source, model=model, form=self.form, keep=self.keep)
        return replace(state, part_texts=partition_rows)


def finished_parts(store: PartStore, state: PartsState, suffix: str) -> frozenset[int]:
    """The numbers of the parts that are there; none is ever removed for another, since it has cost something.

    Raises:
        InputError: they were made of something else, or the folder is somebody else's.
        StorageError: the store cannot be read or written.
    """
    store.create()
    own, there = store.beside(STATE_FILE), store.numbers(suffix)
    before = store.read(own)
    if before is None and store.names() - {LOCK}:
        raise InputError("an empty folder, or one of finished parts, was expected", path=store.location)
    differences = state.differences(before or b"")
    if there and differences:
        message = (
            f"finished parts of this command were expected, these are of {in_words(differences)}; "
            "remove them to begin anew"
        )
        raise InputError(message, path=store.location)
    if differences:
        store.write(own, state.to_json())
    return there
