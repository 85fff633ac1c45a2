"""What an engineer would otherwise write: the peers that `train.py` measures us beside."""

import argparse
import csv
import time
from pathlib import Path

import numpy as np

from mtl.backbones import find_backbone
from mtl.data import TaggedText, read_files
from mtl.memory import peak_memory
from mtl.metrics import tagging_metrics
from mtl.recipe import DEFAULT_BACKBONE, TaskConfig, TaskKind

Result = tuple[float, list[float], dict[str, float], int]


def transformers_trainer(args: argparse.Namespace) -> Result:
    """A plain full fine-tune of token classification: batch 16, a learning rate of 2e-4, otherwise the defaults."""
    import tempfile

    from transformers import (
        AutoModelForTokenClassification,
        AutoTokenizer,
        DataCollatorForTokenClassification,
        Trainer,
        TrainingArguments,
    )

    folder = find_backbone(DEFAULT_BACKBONE).folder
    tokenizer = AutoTokenizer.from_pretrained(folder)
    config = TaskConfig(kind=TaskKind.TAGGING)
    train = _tagged(config, args.data / "uner_ewt/train.conll")[: args.sentences]
    dev = _tagged(config, args.data / "uner_ewt/dev.conll")
    tags = sorted({tag for example in train for tag in example.tags})
    model = AutoModelForTokenClassification.from_pretrained(folder, num_labels=len(tags))
    with tempfile.TemporaryDirectory() as output:
        trainer = Trainer(
            model,
            TrainingArguments(
                output,
                per_device_train_batch_size=16,
                num_train_epochs=args.epochs,
                learning_rate=2e-4,
                report_to=[],
                save_strategy="no",
                disable_tqdm=True,
                logging_strategy="no",
            ),
            DataCollatorForTokenClassification(tokenizer),
            [_encode(tokenizer, example, tags) for example in train],
        )
        begun = time.perf_counter()
        trainer.train()
        seconds, peak = time.perf_counter() - begun, peak_memory()
        rows = [_encode(tokenizer, example, tags) for example in dev]
        predicted = trainer.predict(rows).predictions.argmax(-1)
    found = [
        tuple(tags[p] for p, label in zip(row_p, row["labels"], strict=False) if label != -100)
        for row_p, row in zip(predicted, rows, strict=True)
    ]
    gold = [example.tags[: len(tags_)] for example, tags_ in zip(dev, found, strict=True)]
    return seconds, [], {"eval/entities/f1": tagging_metrics(gold, found)["f1"]}, peak


def logistic_regression(args: argparse.Namespace) -> Result:
    """An embedding by sentence-transformers and a logistic regression by scikit-learn."""
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    model = SentenceTransformer(str(find_backbone(DEFAULT_BACKBONE).folder))
    train, dev = (_labelled(args.data / f"sib200_en/{part}.csv") for part in ("train", "dev"))
    begun = time.perf_counter()
    classifier = LogisticRegression(max_iter=1000).fit(model.encode([t for t, _ in train]), [c for _, c in train])
    seconds, peak = time.perf_counter() - begun, peak_memory()
    accuracy = float(np.mean(classifier.predict(model.encode([t for t, _ in dev])) == [c for _, c in dev]))
    return seconds, [], {"eval/topic/accuracy": accuracy}, peak


def _tagged(config: TaskConfig, file: Path) -> list[TaggedText]:
    return [example for example in read_files(config, [str(file)]) if isinstance(example, TaggedText)]


def _labelled(file: Path) -> list[tuple[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        return [(row["text"], row["label"]) for row in csv.DictReader(lines)]


def _encode(tokenizer, example: TaggedText, tags: list[str]) -> dict:  # noqa: ANN001
    words = [example.text[word.start : word.end] for word in example.worded.words]
    encoded = tokenizer(words, is_split_into_words=True, truncation=True, max_length=256)
    labels, previous = [], None
    for word in encoded.word_ids():
        labels.append(-100 if word is None or word == previous else tags.index(example.tags[word]))
        previous = word
    return {**encoded, "labels": labels}
