"""AWS Lambda: JSON in, JSON out, over HTTP (API Gateway, function URL, load balancer) or invoked directly.

    {"text": "..."} or {"texts": ["...", ...]}, with "schema": {"entities": ["person"], ...}
    optional: "threshold", "include_confidence", "include_spans"

The model is loaded when the function starts, in the part of the start-up that Lambda runs at full speed.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from typing import Any

from gliner2_lite import GLiNER2, GLiNER2LiteError, InputError, InputTypeError, Schema
from gliner2_lite.integrations.reading import all_or_error, read_texts
from gliner2_lite.schema import load_schema_json

MAX_TEXTS = int(os.environ.get("GLINER2_LITE_MAX_TEXTS", "64"))
MAX_CHARS = int(os.environ.get("GLINER2_LITE_MAX_CHARS", "200000"))
KEYS = {"text", "texts", "schema", "threshold", "include_confidence", "include_spans"}

MODEL = GLiNER2.from_pretrained(os.environ.get("GLINER2_LITE_MODEL", "tiny"), verify="size")
_default_schema = os.environ.get("GLINER2_LITE_SCHEMA")
DEFAULT_SCHEMA = load_schema_json(_default_schema, source="GLINER2_LITE_SCHEMA") if _default_schema else None


class RequestError(Exception):
    """A request that is refused: the HTTP status and what to change."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """The entry point. Over HTTP a mistake is answered with 4xx; a direct invocation raises it."""
    if not is_http(event):
        return answer(event)
    try:
        return response(200, answer(read_body(event)))
    except RequestError as error:
        return response(error.status, {"error": str(error)})
    except GLiNER2LiteError as error:
        return response(422, {"error": str(error)})


def is_http(event: object) -> bool:
    """Whether the event is an HTTP request: API Gateway (payload 1.0 and 2.0), function URL, ALB."""
    if not isinstance(event, dict) or not isinstance(event.get("requestContext"), dict):
        return False
    return "httpMethod" in event or "http" in event["requestContext"]


def read_body(event: dict[str, Any]) -> Any:
    """The JSON in the request's body."""
    method = event.get("httpMethod") or event["requestContext"]["http"]["method"]
    if method != "POST":
        raise RequestError(405, f"send the request with POST, not {method}")
    body = event.get("body") or ""
    try:
        if event.get("isBase64Encoded"):
            body = base64.b64decode(body, validate=True).decode("utf-8")
        return json.loads(body)
    except (binascii.Error, UnicodeDecodeError) as error:
        raise RequestError(400, f"the body is not UTF-8 text: {error}") from error
    except (ValueError, RecursionError) as error:
        raise RequestError(400, f"the body is not JSON: {error}") from error


def answer(request: object) -> dict[str, Any]:
    """``{"result": ...}`` for one text, ``{"results": [...]}`` for several."""
    if not isinstance(request, dict):
        raise InputTypeError(
            f'the request must be an object such as {{"text": "..."}}, not {type(request).__name__}'
        )
    unknown = sorted(set(request) - KEYS)
    if unknown:
        raise InputError(f"unknown key {unknown[0]!r}; known are {', '.join(sorted(KEYS))}")
    if ("text" in request) == ("texts" in request):
        raise InputError('give either "text" or "texts"')
    texts = request["texts"] if "texts" in request else [request["text"]]
    check_size(texts)
    found = read_texts(
        MODEL, texts, read_schema(request),
        threshold=request.get("threshold", 0.5),
        include_confidence=flag(request, "include_confidence"),
        include_spans=flag(request, "include_spans"),
    )  # fmt: skip
    results = all_or_error(found)
    return {"results": results} if "texts" in request else {"result": results[0]}


def check_size(texts: object) -> None:
    """Bounds on one request, so that it ends before the function's time does."""
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputTypeError('"text" must be a string, "texts" a list of strings')
    if len(texts) > MAX_TEXTS:
        raise RequestError(413, f"{len(texts)} texts; at most {MAX_TEXTS} per request")
    chars = sum(map(len, texts))
    if chars > MAX_CHARS:
        raise RequestError(413, f"{chars} characters of text; at most {MAX_CHARS} per request")


def read_schema(request: dict[str, Any]) -> Schema:
    """The request's schema, else the function's (GLINER2_LITE_SCHEMA)."""
    if "schema" in request:
        return Schema.from_dict(request["schema"])
    if DEFAULT_SCHEMA is None:
        raise InputError('give a "schema" such as {"entities": ["person", "city"]}')
    return DEFAULT_SCHEMA


def flag(request: dict[str, Any], key: str) -> bool:
    """A true or false of the request."""
    value = request.get(key, False)
    if not isinstance(value, bool):
        raise InputTypeError(f'"{key}" must be true or false, not {value!r}')
    return value


def response(status: int, payload: dict[str, Any]) -> dict[str, Any]:
    """An HTTP answer in the form that API Gateway, function URLs and load balancers send on."""
    return {
        "statusCode": status,
        "isBase64Encoded": False,
        "headers": {"content-type": "application/json; charset=utf-8"},
        "body": json.dumps(payload, ensure_ascii=False),
    }
