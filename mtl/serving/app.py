"""The application: every endpoint of a server."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from fastapi.security import HTTPBearer
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from mtl.serving.addresses import address_of
from mtl.serving.admission import Admission
from mtl.serving.answers import (
    AnalyzeAnswer,
    ClassifyAnswer,
    EmbedAnswer,
    HealthAnswer,
    OpenAIAnswer,
    OpenAIModel,
    OpenAIModels,
    ProblemAnswer,
    TagAnswer,
)
from mtl.serving.gate import Gate, GateOptions
from mtl.serving.keys import Keys
from mtl.serving.metrics import Metrics
from mtl.serving.model import Body, ServedModel
from mtl.serving.refusal import TOO_LARGE, UNPROCESSABLE, Refusal
from mtl.serving.requests import EmbedRequest, OpenAIRequest, TextRequest
from mtl.serving.sentences import refusal_of

_DESCRIPTION = "Embeddings, classes and entities of texts, from one pass of one model. Every failure is one sentence."
_PROMETHEUS = "text/plain; version=1.0.0; charset=utf-8"
_NAMED = 80
"""Characters of an unknown model's name that a sentence repeats."""


def build_app(
    model: ServedModel, *, keys: Sequence[str] = (), names: Sequence[str] | None = None, any_address: bool = False
) -> FastAPI:
    """The application of a model.

    Args:
        model: what answers, with its limits.
        keys: those that clients may show; none are asked for if there are none.
        names: of this server, in `Host` headers; any if None.
        any_address: whether every IP address in the place of a name is one of this machine's.
    """
    admission = Admission(model.limits)
    metrics = Metrics(waiting=lambda: admission.count, queued=lambda: model.engine.waiting)
    model.engine.on_batch(metrics.batch)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        admission.close()

    app = FastAPI(
        title="Polyhead",
        description=_DESCRIPTION,
        lifespan=lifespan,
        redoc_url=None,
        redirect_slashes=False,  # the address of a redirection would be what the client calls this host
        dependencies=[Depends(HTTPBearer(auto_error=False))] if keys else [],
        responses={status: {"model": ProblemAnswer} for status in (413, 422, 429, 503)},
        exception_handlers={kind: _answer_refusal for kind in (Refusal, RequestValidationError, HTTPException)},
    )
    _add_endpoints(app, model, admission)
    _add_openai(app, model, admission)
    _add_watching(app, model, admission, metrics)
    endpoints = frozenset(getattr(route, "path", "") for route in app.routes)
    known = None if names is None else tuple(names)
    options = GateOptions(Keys(keys), model.limits, metrics, endpoints, known, any_address)
    app.add_middleware(Gate, options=options)
    return app


def _add_endpoints(app: FastAPI, model: ServedModel, admission: Admission) -> None:
    async def answer(request: Request, texts: list[str], work: Callable[[list[str]], Body]) -> Response:
        return await _answered(request, texts, work, model=model, admission=admission)

    @app.post("/analyze", response_model=AnalyzeAnswer)
    async def analyze(request: Request, asked: TextRequest) -> Response:
        """Embedding, classes and entities of each text, from one pass."""
        return await answer(request, asked.text, model.analyze)

    @app.post("/embed", response_model=EmbedAnswer)
    async def embed(request: Request, asked: EmbedRequest) -> Response:
        """The embedding of each text."""
        return await answer(request, asked.text, partial(model.embed, normalize=asked.normalize))

    @app.post("/classify", response_model=ClassifyAnswer)
    async def classify(request: Request, asked: TextRequest) -> Response:
        """The probabilities of each text's classes, by task."""
        return await answer(request, asked.text, model.classify)

    @app.post("/tag", response_model=TagAnswer)
    async def tag(request: Request, asked: TextRequest) -> Response:
        """The entities of each text, by task."""
        return await answer(request, asked.text, model.tag)


def _add_openai(app: FastAPI, model: ServedModel, admission: Admission) -> None:
    @app.post("/v1/embeddings", response_model=OpenAIAnswer)
    async def embeddings(request: Request, asked: OpenAIRequest) -> Response:
        """Embeddings of length 1, in the form of OpenAI's endpoint."""
        _need_model(model, asked.model)
        size = model.engine.dimension
        if asked.dimensions is not None and asked.dimensions > size:
            raise Refusal(UNPROCESSABLE, f"dimensions: at most {size} was expected, was more", key="dimensions")
        work = partial(model.openai, dimensions=asked.dimensions, as_base64=asked.encoding_format == "base64")
        return await _answered(request, asked.input, work, model=model, admission=admission)

    @app.get("/v1/models", response_model=OpenAIModels)
    async def models() -> Response:
        """The model of this server."""
        return JSONResponse({"object": "list", "data": [model.card()]})

    @app.get("/v1/models/{name:path}", response_model=OpenAIModel)
    async def one_model(name: str) -> Response:
        """The model of this server by its name."""
        _need_model(model, name)
        return JSONResponse(model.card())


def _add_watching(app: FastAPI, model: ServedModel, admission: Admission, metrics: Metrics) -> None:
    started = time.monotonic()

    @app.head("/healthz", include_in_schema=False)
    @app.get("/healthz", response_model=HealthAnswer)
    async def healthz() -> Response:
        """That the server answers."""
        seconds = round(time.monotonic() - started)
        content = {"status": "ok", "seconds": seconds, "model": model.name, "waiting": admission.count}
        return JSONResponse(content)

    @app.get("/metrics", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
    async def prometheus() -> Response:
        """Counters and histograms for Prometheus."""
        return Response(metrics.text(), headers={"content-type": _PROMETHEUS})

    @app.get("/", include_in_schema=False)
    async def start() -> Response:
        return RedirectResponse("/docs")


async def _answered(
    request: Request,
    texts: list[str],
    work: Callable[[list[str]], Body],
    *,
    model: ServedModel,
    admission: Admission,
) -> Response:
    _need_size(texts, model)
    client = request.client.host if request.client else ""
    body = await admission.run(address_of(client, "", behind_proxy=False), partial(work, texts))
    request.state.read = body
    return Response(body.content, media_type="application/json")


def _need_size(texts: Sequence[str], model: ServedModel) -> None:
    most, characters = model.limits, sum(map(len, texts))
    if len(texts) > most.texts:
        raise Refusal(TOO_LARGE, f"At most {most.texts:,} texts in one request were expected, were {len(texts):,}.")
    if characters > most.characters:
        raise Refusal(
            TOO_LARGE, f"At most {most.characters:,} characters in one request were expected, were {characters:,}."
        )


def _need_model(model: ServedModel, asked: str | None) -> None:
    if asked not in (None, model.name):
        shown = "".join(letter for letter in asked[:_NAMED] if letter.isprintable())
        sentence = f"There is no model {shown!r} here; this server has {model.name!r}."
        raise Refusal(404, sentence, key="model", code="model_not_found")


async def _answer_refusal(_: Request, error: Any) -> Response:  # noqa: ANN401
    refusal = refusal_of(error)
    return JSONResponse(refusal.content(), refusal.status, dict(refusal.headers))
