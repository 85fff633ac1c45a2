"""An encoder of the catalogue: where it is, what it was made for, and its licence."""

from dataclasses import dataclass
from enum import StrEnum

from mtl.backbones.catalogue.shape import COST_LENGTH, ModelType, Shape
from mtl.recipe.choices import Pooling

NO_LICENCE = "not stated on its card"
MINILM = Shape(
    ModelType.BERT, layers=6, hidden=384, intermediate=1536, heads=12, vocabulary=30522, positions=512, types=2
)
"""Of all-MiniLM-L6-v2, to which costs are relative."""


class Domain(StrEnum):
    """The texts that an encoder was made for."""

    GENERAL = "general"
    SENTENCES = "sentences"
    FINANCE = "finance"
    CLINICAL = "clinical"
    BIOMEDICAL = "biomedical"
    LEGAL = "legal"
    SCIENTIFIC = "scientific"
    CODE = "code"
    SOCIAL_MEDIA = "social media"
    MULTILINGUAL = "multilingual"


class Language(StrEnum):
    """The languages that an encoder was trained on."""

    ENGLISH = "English"
    CODE = "English and six programming languages"
    LANGUAGES_50 = "50 languages"
    LANGUAGES_100 = "100 languages"


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """One encoder.

    Args:
        name: the Hub id.
        domain: the texts it was made for.
        shape: its architecture.
        licence: the identifier on its card.
        max_length: tokens that it reads, as its files say.
        pooling: what its files say, else the usual one.
        cased: whether it distinguishes capital letters.
        languages: what it was trained on.
        embeds_sentences: whether its sentence embedding was trained.
        safetensors: whether its repository has weights that are read here; else it is converted once.
        note: what else to know.
    """

    name: str
    domain: Domain
    shape: Shape
    licence: str
    max_length: int
    pooling: Pooling = Pooling.MEAN
    cased: bool = True
    languages: Language = Language.ENGLISH
    embeds_sentences: bool = False
    safetensors: bool = True
    note: str = ""

    def __post_init__(self) -> None:
        """Check the entry.

        Raises:
            ValueError: the name is no Hub id, there is no licence, or the length does not fit the positions.
        """
        if self.name.count("/") != 1 or not self.licence:
            raise ValueError(f"a Hub id owner/name and a licence were expected, were {self.name!r}, {self.licence!r}")
        if self.max_length < 1 or 0 < self.shape.positions < self.max_length:
            raise ValueError(f"{self.name}: a length up to {self.shape.positions} was expected, was {self.max_length}")

    @property
    def source(self) -> str:
        """The address of its card, by which the facts were checked."""
        return f"https://huggingface.co/{self.name}"

    @property
    def is_multilingual(self) -> bool:
        """Whether it reads many languages and scripts."""
        return self.languages in (Language.LANGUAGES_50, Language.LANGUAGES_100)

    @property
    def parameters(self) -> int:
        """Parameters of the encoder, as `Shape.parameters`."""
        return self.shape.parameters

    def cost(self, length: int = COST_LENGTH) -> float:
        """Multiplications of a pass for each token, relative to all-MiniLM-L6-v2 on a text of the same length."""
        return self.shape.multiplications(length) / MINILM.multiplications(length)
