"""Examples as JSONL that a task's reader reads back equal."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, tagged


def write_examples(path: Path, examples: Iterable[Example]) -> None:
    """Write one example a line; scores are from 0 to 1, whatever range they were read in."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record_of(example), ensure_ascii=False) + "\n" for example in examples)


def record_of(example: Example) -> dict[str, Any]:
    """A row of a JSONL file.

    A tagged text has `text,spans` where its words are those that a reader makes of them, else `text,words,tags`.
    """
    match example:
        case LabelledText(text, label):
            return {"text": text, "label": label}
        case MultiLabelText(text, labels):
            return {"text": text, "labels": list(labels)}
        case ScoredPair(first, second, score):
            return {"sentence1": first, "sentence2": second, "score": score}
        case TaggedText(worded, tags):
            if example == tagged(worded.text, example.char_spans()):
                spans = [{"start": s.start, "end": s.end, "label": s.label} for s in example.char_spans()]
                return {"text": worded.text, "spans": spans}
            return {"text": worded.text, "words": [[w.start, w.end] for w in worded.words], "tags": list(tags)}
