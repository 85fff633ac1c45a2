"""The encoders of the catalogue.

The facts are those of each card and its files on the Hub, whose address is `CatalogueEntry.source`; they were checked
in stored copies of 2026 and earlier, in which some repositories have pickles only. Pickles are never read here.
"""

from dataclasses import replace

from mtl.backbones.catalogue.entry import MINILM, NO_LICENCE, CatalogueEntry, Domain, Language
from mtl.backbones.catalogue.shape import ModelType, Shape
from mtl.recipe.choices import Pooling

_BERT = Shape(
    ModelType.BERT, layers=12, hidden=768, intermediate=3072, heads=12, vocabulary=30522, positions=512, types=2
)
_BERT_CASED = replace(_BERT, vocabulary=28996)
_BERT_SMALL = replace(MINILM, layers=12)
_DISTILBERT = replace(_BERT, type=ModelType.DISTILBERT, layers=6, types=0)
_ROBERTA = replace(_BERT, type=ModelType.ROBERTA, vocabulary=50265, positions=514, types=1)
_ROBERTA_LARGE = replace(_ROBERTA, layers=24, hidden=1024, intermediate=4096, heads=16)
_XLM_ROBERTA = replace(_ROBERTA, type=ModelType.XLM_ROBERTA, vocabulary=250002)
_MPNET = replace(_BERT, type=ModelType.MPNET, vocabulary=30527, positions=514, types=0)
_MULTILINGUAL_SMALL = replace(_BERT_SMALL, vocabulary=250037)
_MODERNBERT = Shape(ModelType.MODERNBERT, layers=22, hidden=768, intermediate=1152, heads=12, vocabulary=50368)
_DEBERTA = Shape(ModelType.DEBERTA, layers=12, hidden=768, intermediate=3072, heads=12, vocabulary=128100)

_GENERAL = (
    CatalogueEntry("google-bert/bert-base-uncased", Domain.GENERAL, _BERT, "apache-2.0", 512, cased=False),
    CatalogueEntry("google-bert/bert-base-cased", Domain.GENERAL, _BERT_CASED, "apache-2.0", 512),
    CatalogueEntry("distilbert/distilbert-base-uncased", Domain.GENERAL, _DISTILBERT, "apache-2.0", 512, cased=False),
    CatalogueEntry(
        "distilbert/distilbert-base-cased", Domain.GENERAL, replace(_DISTILBERT, vocabulary=28996), "apache-2.0", 512
    ),
    CatalogueEntry("FacebookAI/roberta-base", Domain.GENERAL, _ROBERTA, "mit", 512),
    CatalogueEntry("FacebookAI/roberta-large", Domain.GENERAL, _ROBERTA_LARGE, "mit", 512),
    CatalogueEntry("answerdotai/ModernBERT-base", Domain.GENERAL, _MODERNBERT, "apache-2.0", 8192),
    CatalogueEntry("microsoft/deberta-v3-base", Domain.GENERAL, _DEBERTA, "mit", 512, safetensors=False),
)
_SENTENCES = (
    CatalogueEntry(
        "sentence-transformers/all-MiniLM-L6-v2",
        Domain.SENTENCES,
        MINILM,
        "apache-2.0",
        256,
        cased=False,
        embeds_sentences=True,
        note="Installed with Polyhead, so that no network is needed.",
    ),
    CatalogueEntry(
        "sentence-transformers/all-mpnet-base-v2",
        Domain.SENTENCES,
        _MPNET,
        "apache-2.0",
        384,
        cased=False,
        embeds_sentences=True,
    ),
    CatalogueEntry(
        "intfloat/e5-base-v2",
        Domain.SENTENCES,
        _BERT,
        "mit",
        512,
        cased=False,
        embeds_sentences=True,
        note='Its card puts "query: " or "passage: " before every text.',
    ),
    CatalogueEntry(
        "BAAI/bge-small-en-v1.5",
        Domain.SENTENCES,
        _BERT_SMALL,
        "mit",
        512,
        Pooling.CLS,
        cased=False,
        embeds_sentences=True,
    ),
    CatalogueEntry("thenlper/gte-base", Domain.SENTENCES, _BERT, "mit", 512, cased=False, embeds_sentences=True),
    CatalogueEntry(
        "Alibaba-NLP/gte-modernbert-base",
        Domain.SENTENCES,
        _MODERNBERT,
        "apache-2.0",
        8192,
        Pooling.CLS,
        embeds_sentences=True,
    ),
)
_MULTILINGUAL = (
    CatalogueEntry(
        "FacebookAI/xlm-roberta-base",
        Domain.MULTILINGUAL,
        _XLM_ROBERTA,
        "mit",
        512,
        languages=Language.LANGUAGES_100,
    ),
    CatalogueEntry(
        "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2",
        Domain.MULTILINGUAL,
        _MULTILINGUAL_SMALL,
        "apache-2.0",
        128,
        languages=Language.LANGUAGES_50,
        embeds_sentences=True,
    ),
    CatalogueEntry(
        "intfloat/multilingual-e5-small",
        Domain.MULTILINGUAL,
        _MULTILINGUAL_SMALL,
        "mit",
        512,
        languages=Language.LANGUAGES_100,
        embeds_sentences=True,
        note='Its card puts "query: " or "passage: " before every text.',
    ),
    CatalogueEntry(
        "intfloat/multilingual-e5-base",
        Domain.MULTILINGUAL,
        _XLM_ROBERTA,
        "mit",
        512,
        languages=Language.LANGUAGES_100,
        embeds_sentences=True,
        note='Its card puts "query: " or "passage: " before every text.',
    ),
)
_DOMAINS = (
    CatalogueEntry("ProsusAI/finbert", Domain.FINANCE, _BERT, NO_LICENCE, 512, cased=False, safetensors=False),
    CatalogueEntry(
        "emilyalsentzer/Bio_ClinicalBERT",
        Domain.CLINICAL,
        _BERT_CASED,
        "mit",
        512,
        cased=False,
        safetensors=False,
        note="Its vocabulary is cased, but its tokenizer lower-cases unless it is saved with do_lower_case=False.",
    ),
    CatalogueEntry("thomas-sounack/BioClinical-ModernBERT-base", Domain.CLINICAL, _MODERNBERT, "mit", 8192),
    CatalogueEntry("dmis-lab/biobert-v1.1", Domain.BIOMEDICAL, _BERT_CASED, NO_LICENCE, 512, safetensors=False),
    CatalogueEntry("thomas-sounack/Bio-ModernBERT-base", Domain.BIOMEDICAL, _MODERNBERT, "mit", 8192),
    CatalogueEntry(
        "nlpaueb/legal-bert-base-uncased", Domain.LEGAL, _BERT, "cc-by-sa-4.0", 512, cased=False, safetensors=False
    ),
    CatalogueEntry(
        "allenai/scibert_scivocab_uncased",
        Domain.SCIENTIFIC,
        replace(_BERT, vocabulary=31090),
        NO_LICENCE,
        512,
        cased=False,
        safetensors=False,
    ),
    CatalogueEntry(
        "microsoft/codebert-base",
        Domain.CODE,
        _ROBERTA,
        NO_LICENCE,
        512,
        languages=Language.CODE,
        safetensors=False,
    ),
    CatalogueEntry("vinai/bertweet-large", Domain.SOCIAL_MEDIA, _ROBERTA_LARGE, "mit", 512, safetensors=False),
)

CATALOGUE: tuple[CatalogueEntry, ...] = (*_GENERAL, *_SENTENCES, *_MULTILINGUAL, *_DOMAINS)
"""All encoders, by domain."""
_SHORT = {"all-MiniLM-L6-v2": "sentence-transformers/all-MiniLM-L6-v2"}
_BY_NAME = {entry.name: entry for entry in CATALOGUE}


def find_entry(name: str) -> CatalogueEntry | None:
    """The entry of a Hub id, or of the short name of the default backbone; None for any other."""
    return _BY_NAME.get(_SHORT.get(name, name))
