"""Fifty sentences as people type them, against what a reader would say; prints every miss.

python benchmarks/typed.py [--checkpoint starter]
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Analysis, Engine  # noqa: E402

SENTENCES = ROOT / "benchmarks" / "typed_sentences.jsonl"


def main() -> None:
    """Score by style of writing, then list the misses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", default="starter")
    args = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    records = [json.loads(line) for line in SENTENCES.read_text(encoding="utf-8").splitlines()]
    analyses = Engine.load(args.checkpoint).analyze([r["text"] for r in records])
    counts: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for record, analysis in zip(records, analyses, strict=True):
        for measure, right, wanted in judge(record, analysis):
            counts[record["style"], measure][0] += right
            counts[record["style"], measure][1] += wanted
        for miss in misses(record, analysis):
            console.print(f"{record['style']:9} {miss}\n          {record['text']}", markup=False)
    table = Table("style", "topic", "sentiment", "entities found", "entities claimed that are right")
    for style in dict.fromkeys(r["style"] for r in records):
        cells = ["{}/{}".format(*counts[style, m]) for m in ("topic", "sentiment", "recall", "precision")]
        table.add_row(style, *cells)
    console.print(table)


def judge(record: dict, analysis: Analysis) -> list[tuple[str, int, int]]:
    """Hits and tries of one sentence by measure."""
    gold, found = gold_spans(record), found_spans(analysis)
    result = [("recall", len(gold & found), len(gold)), ("precision", len(gold & found), len(found))]
    for task in ("topic", "sentiment"):
        if record[task]:
            result.append((task, int(best(analysis, task) == record[task]), 1))
    return result


def misses(record: dict, analysis: Analysis) -> list[str]:
    """What is wrong with one sentence, in words."""
    text, gold, found = record["text"], gold_spans(record), found_spans(analysis)
    result = [
        f"{task}: {best(analysis, task)} instead of {record[task]}"
        for task in ("topic", "sentiment")
        if record[task] and best(analysis, task) != record[task]
    ]
    result += [f"not found: {text[s:e]} {label}" for s, e, label in sorted(gold - found)]
    result += [f"wrongly claimed: {text[s:e]} {label}" for s, e, label in sorted(found - gold)]
    return result


def gold_spans(record: dict) -> set[tuple[int, int, str]]:
    """The spans that a reader marked."""
    return {(e["start"], e["end"], e["label"]) for e in record["entities"]}


def found_spans(analysis: Analysis) -> set[tuple[int, int, str]]:
    """The spans that the model marked."""
    return {(e["start"], e["end"], e["entity_group"]) for e in analysis.entities["entities"]}


def best(analysis: Analysis, task: str) -> str:
    """The most probable label."""
    classes = analysis.classes[task]
    return max(classes, key=lambda label: classes[label])


if __name__ == "__main__":
    main()
