"""A catalogue of encoders by domain, and advice on which of them fits data; no torch, no network."""

from mtl.backbones.catalogue.advice import Recommendation, recommend
from mtl.backbones.catalogue.entries import CATALOGUE, find_entry
from mtl.backbones.catalogue.entry import CatalogueEntry, Domain, Language
from mtl.backbones.catalogue.shape import COST_LENGTH, ModelType, Shape
from mtl.backbones.catalogue.summary import DataSummary, combined, summarise

__all__ = [
    "CATALOGUE",
    "COST_LENGTH",
    "CatalogueEntry",
    "DataSummary",
    "Domain",
    "Language",
    "ModelType",
    "Recommendation",
    "Shape",
    "combined",
    "find_entry",
    "recommend",
    "summarise",
]
