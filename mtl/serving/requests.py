"""What clients send: one text or a list of them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainValidator

_NAMES = {str: "a string", bool: "true or false", int: "a number", float: "a number", list: "a list", dict: "an object"}
_SENTENCES: list[JsonValue] = [
    "Angela Merkel met engineers of Siemens in Munich.",
    "The film was a waste of two hours.",
]


def _texts(value: Any) -> list[str]:  # noqa: ANN401
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list):
        raise ValueError(f"a string or a list of strings was expected, was {_name(value)}")
    if not texts:
        raise ValueError("at least one text was expected, the list is empty")
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise ValueError(f"a list of strings was expected, item {i} is {_name(text)}")
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        raise ValueError("characters of Unicode were expected, there is half of a surrogate pair") from None
    return texts


def _input(value: Any) -> list[str]:  # noqa: ANN401
    first = value[0] if isinstance(value, list) and value else None
    first = first[0] if isinstance(first, list) and first else first
    if isinstance(first, int):
        raise ValueError(
            "texts were expected, were token ids, which belong to the tokenizer of another model"
            " (LangChain sends texts with check_embedding_ctx_length=False)"
        )
    return _texts(value)


def _name(value: Any) -> str:  # noqa: ANN401
    return _NAMES.get(type(value), "null")


Texts = Annotated[
    list[str],
    PlainValidator(_texts, json_schema_input_type=str | list[str]),
    Field(description="One text, or a list of texts."),
]
EmbeddingInput = Annotated[
    list[str],
    PlainValidator(_input, json_schema_input_type=str | list[str]),
    Field(description="One text, or a list of texts; no token ids."),
]


class TextRequest(BaseModel):
    """Texts to read."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": _SENTENCES}]})
    text: Texts


class EmbedRequest(BaseModel):
    """Texts to embed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"text": _SENTENCES, "normalize": True}]})
    text: Texts
    normalize: Annotated[bool, Field(strict=True, description="Whether each embedding gets length 1.")] = False


class OpenAIRequest(BaseModel):
    """The body of OpenAI's embeddings endpoint; keys that mean nothing here, such as `user`, are not read."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"model": "starter", "input": _SENTENCES}]})
    input: EmbeddingInput
    model: Annotated[str | None, Field(description="The name of the model, as /v1/models gives it.")] = None
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[
        int | None, Field(ge=1, strict=True, description="Keep so many first values of each embedding.")
    ] = None
