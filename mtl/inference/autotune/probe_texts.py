"""Sentences for comparing backends: short and long, of many kinds, written for this."""

from collections.abc import Iterator

from mtl.inference.backends import DEFAULT_BATCH_TOKENS, Batch
from mtl.text import SplitWords
from mtl.text.batching import by_length, pack
from mtl.text.windows import WindowTokenizer

SENTENCES = (
    "Angela Merkel met engineers of Siemens in Munich to talk about hydrogen trains.",
    "The soup was cold and the waiter forgot us twice.",
    "I would come back for the bread alone, what a lovely little bakery!",
    "does anyone know when the 46 bus leaves from Zurich main station",
    "Scientists in Nairobi measured how quickly mangroves store carbon after a storm.",
    "Turn off the lights in the kitchen at ten.",
    "Lionel Messi scored twice before half-time and Argentina won 3–1.",
    "The bank raised its rate by 0.25 points on Thursday.",
    "Maria moved from Lisbon to Toronto because Shopify offered her a job.",
    "Not bad at all.",
    "Why?",
    "The museum closes at five; the garden, however, stays open until dusk.",
    "My phone stopped charging after two days and nobody at the shop would help.",
    "Parliament voted late at night after eleven hours of debate about the water law.",
    "A vaccine against malaria protected three children out of four in the trial.",
    "lol ok see u at the game tonight",
    "NASA and the European Space Agency will land a probe on Europa, said Dr. Okafor.",
    "The Danube flows through Vienna, Bratislava, Budapest and Belgrade.",
    "The second season is slower than the first, but the last episode is worth every minute.",
    "Book a table for four near the harbour, please.",
    "The volcano on La Palma was quiet again, so the ferry from Tenerife ran as planned.",
    "He paid $1,200.50 for a used guitar (a 1974 one!) and has not regretted it since.",
    "Toyota will build the battery plant in North Carolina together with Panasonic.",
    "It rained.",
    "The orchestra of Leipzig opened the evening with a symphony that nobody had heard for a century.",
    "Boring plot, wooden actors, and a soundtrack that never stops.",
    "How do I get my money back if the parcel never arrived?",
    "Doctors at the Charité warn that the new flu spreads faster among people who share small offices.",
    "Serena Williams said on Monday that she would not play in Melbourne.",
    "The trail is steep, muddy and full of roots, and still it is the most beautiful walk of the island.",
    "Set an alarm for 6:45 every weekday except Friday.",
    "The film by Agnès Varda was shown in Cannes, in Venice and, much later, in a barn in Normandy.",
)

LONG = (
    " ".join(SENTENCES[:6]),
    " ".join(SENTENCES[6:14]),
    " ".join(SENTENCES[14:19]),
    " ".join(SENTENCES[20:31]),
)

TEXTS = (*SENTENCES, *LONG)


def probe_batches(tokenizer: WindowTokenizer) -> Iterator[Batch]:
    """All of them in batches, with their words."""
    texts = tokenizer(TEXTS, SplitWords(TEXTS))
    lengths = texts.lengths.tolist()
    return (texts.batch(rows) for rows in pack(lengths, by_length(lengths), budget=DEFAULT_BATCH_TOKENS))
