"""What goes over the wire, as pydantic models; FastAPI makes the OpenAPI page from them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

MAX_TEXTS = 256

Text = Annotated[str, Field(max_length=1_000_000)]


class Question(BaseModel):
    """What to extract, and how to shape the answer; the same in every request."""

    model_config = ConfigDict(extra="forbid", strict=True)

    schema_: dict[str, Any] = Field(
        alias="schema",
        description="as in a schema file: entities, classifications, structures, relations",
        examples=[{"entities": ["person", "city"]}],
    )
    threshold: float = Field(0.5, ge=0, le=1)
    include_confidence: bool = False
    include_spans: bool = False


class ExtractRequest(Question):
    """One text."""

    text: Text


class BatchRequest(Question):
    """Several texts, one question."""

    texts: list[Text] = Field(min_length=1, max_length=MAX_TEXTS)


class ExtractResponse(BaseModel):
    """The answer, in the form of ``GLiNER2.extract``."""

    result: dict[str, Any]


class BatchResponse(BaseModel):
    """One answer per text, in order."""

    results: list[dict[str, Any]]


class ErrorResponse(BaseModel):
    """What is wrong with the request, or why it must come again later."""

    error: str
