"""Example sentences and texts."""

import csv
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest

from demo.inputs.drafts import EXAMPLES
from demo.inputs.text_input import Sentences
from mtl.data import read_files, texts_of
from mtl.recipe import TaskConfig, TaskKind


@dataclass(frozen=True, slots=True)
class SentenceSet:
    """A named set of sentences."""

    title: str
    sentences: Sentences

    @property
    def text(self) -> str:
        """One sentence per line."""
        return "\n".join(self.sentences.texts)


_PARAPHRASES = (
    "The chancellor visited a hydrogen plant near Hamburg.",
    "A head of government toured a factory that makes hydrogen.",
    "Hydrogen trains will replace diesel on two regional lines.",
    "The goalkeeper saved two penalties in the final.",
    "Two saved penalty kicks decided the cup final.",
    "My flight was cancelled and nobody told us why.",
    "They called off our plane without giving a reason.",
    "How do I reset my password?",
    "I forgot my password, what now?",
    "The soup was cold and the waiter was rude.",
    "Great food, kind people, we will be back!",
)
_REVIEWS = (
    "The battery lasts two days and it charges fast.",
    "Stopped working after a week and the shop never answered.",
    "Best headphones I have owned at this price.",
    "The zip broke on the first trip.",
    "It does what it should, nothing more.",
    "Lovely colours, but the cloth is thin.",
    "Arrived late, and the box was open.",
    "My children play with it every single day.",
)
CLASS_EXAMPLES = {
    "a headline": ("Parliament votes to phase out coal by 2035 after a night of debate",),
    "a review": ("The room was spotless, the breakfast generous, and we slept like stones.",),
    "a complaint": ("Third time this month that the app loses my data. I want my money back.",),
    "several": (
        *_REVIEWS[:4],
        "The team flew home from Lisbon after losing the semi-final.",
        "A new vaccine halves hospital stays.",
    ),
}
ENTITY_EXAMPLES = {
    "a meeting": "Angela Merkel met engineers of Siemens in Munich to talk about hydrogen trains.",
    "a headline": "Toyota and Panasonic open battery plant in North Carolina, Governor Roy Cooper says",
    "lower case": "my sister moved from oslo to berlin to work for spotify",
    "a tweet": "Just saw Serena Williams at the Apple store in Chicago!! 😍",
}

_REHEARSED = ("entities/train.conll", "sentiment/train.csv", "topic/train.csv")


@cache
def rehearsal_texts() -> tuple[str, ...]:
    """Texts of the example data, alternating between tasks, on which a retrained head rehearses its old answers."""
    kinds = {".conll": TaskKind.TAGGING, ".csv": TaskKind.CLASSIFICATION}
    files = [path for path in (EXAMPLES / name for name in _REHEARSED) if path.is_file()]
    columns = [
        [texts_of(example)[0] for example in read_files(TaskConfig(kind=kinds[path.suffix]), [str(path)])]
        for path in files
    ]
    mixed = (text for row in zip_longest(*columns) for text in row if text is not None)
    return tuple(dict.fromkeys(mixed))


ANALYZE_EXAMPLES = {
    "a headline": "Angela Merkel met engineers of Siemens in Munich to talk about hydrogen trains.",
    "a review": "The room at the Hotel Astoria was spotless, the breakfast generous, and we slept like stones.",
    "a question": "Which museums in Vienna are open on a Monday, and does the Albertina take cards?",
    "a tweet": "Just saw Serena Williams at the Apple store in Chicago!! 😍",
}


@cache
def sentence_sets() -> tuple[SentenceSet, ...]:
    """The sentence sets of the Embeddings tab: `examples/sentences.csv` with its groups, and two short ones."""
    path = EXAMPLES / "sentences.csv"
    sets = [SentenceSet("paraphrases", Sentences(_PARAPHRASES)), SentenceSet("reviews", Sentences(_REVIEWS))]
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            rows = [(" ".join(row["text"].split()), row["group"]) for row in csv.DictReader(file)]
        grouped = Sentences(tuple(text for text, _ in rows), tuple(group for _, group in rows))
        sets.insert(0, SentenceSet("ten topics", grouped))
    return tuple(sets)
