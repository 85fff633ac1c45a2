"""What clients get; the models describe the answers for the OpenAPI page."""

from typing import Literal

from pydantic import BaseModel, Field


class EntityAnswer(BaseModel):
    """A span of a text; `start` and `end` are offsets in Unicode characters, end exclusive."""

    entity_group: str
    score: float
    word: str
    start: int
    end: int


class OutsideAnswer(BaseModel):
    """The cosine distance (0 to 2) of a text from the training texts, and whether it is farther than 95 % of dev texts.

    Tasks of which the model knows no training texts have none.
    """

    distance: float
    is_outside: bool


class Outside(BaseModel):
    """By task how unlike the training texts a text is."""

    outside: dict[str, OutsideAnswer]


class Classes(Outside):
    """By task the probability of each label, and the labels that are chosen."""

    classes: dict[str, dict[str, float]]
    labels: dict[str, list[str]]


class Entities(Outside):
    """By task the entities of a text, disjoint and in order."""

    entities: dict[str, list[EntityAnswer]]


class Analyzed(Classes, Entities):
    """Everything about a text; `cut_at` is the offset of the first character that was not read, or null."""

    embedding: list[float]
    tokens: int
    windows: int
    cut_at: int | None


class Answer(BaseModel):
    """The name of the model, and the tokens that it read."""

    model: str
    tokens: int


class AnalyzeAnswer(Answer):
    """One result for each text, in order."""

    results: list[Analyzed]


class ClassifyAnswer(Answer):
    """One result for each text, in order."""

    results: list[Classes]


class TagAnswer(Answer):
    """One result for each text, in order."""

    results: list[Entities]


class EmbedAnswer(Answer):
    """One embedding for each text, in order."""

    embeddings: list[list[float]]


class Usage(BaseModel):
    """Tokens, as OpenAI counts them."""

    prompt_tokens: int
    total_tokens: int


class OpenAIEmbedding(BaseModel):
    """An embedding as numbers, or as base64 of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class OpenAIAnswer(BaseModel):
    """The answer of OpenAI's embeddings endpoint."""

    object: Literal["list"]
    data: list[OpenAIEmbedding]
    model: str
    usage: Usage


class OpenAIModel(BaseModel):
    """A model of this server."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str


class OpenAIModels(BaseModel):
    """The models of this server: one."""

    object: Literal["list"]
    data: list[OpenAIModel]


class Problem(BaseModel):
    """One sentence."""

    message: str
    type: str
    param: str | None
    code: str | None


class ProblemAnswer(BaseModel):
    """Why a request was not answered: `error` as OpenAI's clients read it, and the sentence alone."""

    error: Problem
    detail: str


class HealthAnswer(BaseModel):
    """That the server answers, for how many seconds, with which model."""

    status: Literal["ok"]
    seconds: int
    model: str
    waiting: int = Field(description="Requests that are answered or wait.")
