"""An HTTP server for one model: typed requests, bounded load, health and metrics.

uvicorn --app-dir examples/fastapi_app --factory app:create_app
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from gate import BusyError, Gate
from limits import BodyLimit
from messages import BatchRequest, BatchResponse, ErrorResponse, ExtractRequest, ExtractResponse, Question
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from gliner2_lite import GLiNER2, GLiNER2LiteError, Schema
from gliner2_lite.integrations.reading import all_or_error, read_texts

RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True)
class Settings:
    """How the server runs; each field is read from ``GLINER2_LITE_`` and its name in capitals.

    Args:
        model: the bundle.
        threads: threads per forward pass; 0 lets onnxruntime choose.
        running: requests that run at once. More than one pays when ``threads`` leaves cores free.
        waiting: requests that may wait; the next gets 503.
        max_bytes: bound on a request's body.
    """

    model: str = "tiny"
    threads: int = 0
    running: int = 1
    waiting: int = 32
    max_bytes: int = 2_000_000

    @classmethod
    def from_environment(cls) -> Settings:
        """Raises ValueError for a number that is none."""
        values: dict[str, Any] = {}
        for name, default in vars(cls()).items():
            text = os.environ.get(f"GLINER2_LITE_{name.upper()}")
            if text is not None:
                values[name] = type(default)(text)
        return cls(**values)


class Metrics:
    """What ``/metrics`` shows."""

    def __init__(self, gate: Gate) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "gliner2_requests", "Requests by path and status", ["path", "status"], registry=self.registry
        )
        self.seconds = Histogram(
            "gliner2_request_seconds", "Time per request, waiting included", ["path"], registry=self.registry
        )
        self.texts = Counter("gliner2_texts", "Texts answered", registry=self.registry)
        taken = Gauge("gliner2_requests_taken", "Requests that run or wait", registry=self.registry)
        taken.set_function(lambda: gate.taken)


def create_app(settings: Settings | None = None) -> FastAPI:
    """The application. The model is loaded when the server starts, before it listens."""
    settings = settings or Settings.from_environment()
    gate = Gate(running=settings.running, waiting=settings.waiting)
    metrics = Metrics(gate)
    loaded: list[GLiNER2] = []

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loaded.append(GLiNER2.from_pretrained(settings.model, threads=settings.threads or None))
        yield
        loaded.clear()  # not ready any more
        gate.close()

    app = FastAPI(title="gliner2_lite", lifespan=lifespan)
    app.add_middleware(BodyLimit, max_bytes=settings.max_bytes)
    refusals: dict[int | str, dict[str, Any]] = {
        status: {"model": ErrorResponse} for status in (413, 422, 503)
    }

    async def extract(question: Question, texts: list[str]) -> list[dict[str, Any]]:
        model = loaded[0]

        def call() -> list[dict[str, Any]]:
            found = read_texts(
                model, texts, Schema.from_dict(question.schema_), threshold=question.threshold,
                include_confidence=question.include_confidence, include_spans=question.include_spans,
            )  # fmt: skip
            return all_or_error(found)

        results = await gate.run(call)
        metrics.texts.inc(len(texts))
        return results

    @app.post("/extract", responses=refusals)
    async def extract_one(request: ExtractRequest) -> ExtractResponse:
        """Answer one question about one text of any length."""
        return ExtractResponse(result=(await extract(request, [request.text]))[0])

    @app.post("/extract_batch", responses=refusals)
    async def extract_batch(request: BatchRequest) -> BatchResponse:
        """Answer one question about several texts, which share forward passes."""
        return BatchResponse(results=await extract(request, request.texts))

    @app.get("/healthz")
    async def healthz() -> dict[str, str]:
        """The process lives."""
        return {"status": "ok"}

    @app.get("/readyz")
    async def readyz(response: Response) -> dict[str, str]:
        """The model is loaded and the server is not shutting down."""
        if not loaded:
            response.status_code = 503
            return {"status": "not ready"}
        return {"status": "ready", "model": settings.model, "variant": loaded[0].variant}

    @app.get("/metrics", include_in_schema=False)
    async def show_metrics() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.middleware("http")
    async def measure(request: Request, go_on: Callable[[Request], Awaitable[Response]]) -> Response:
        begin = time.perf_counter()
        response = await go_on(request)
        route = request.scope.get("route")
        path = route.path if route is not None else "unknown"
        metrics.requests.labels(path, response.status_code).inc()
        metrics.seconds.labels(path).observe(time.perf_counter() - begin)
        return response

    @app.exception_handler(BusyError)
    async def busy(request: Request, error: BusyError) -> JSONResponse:
        headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return JSONResponse({"error": str(error)}, status_code=503, headers=headers)

    @app.exception_handler(GLiNER2LiteError)
    async def unusable(request: Request, error: GLiNER2LiteError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=422)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        return JSONResponse({"error": faults}, status_code=422)

    return app
