"""``GLiNER2.extract`` as one picklable callable that holds the model's name, the schema and the options.

Engines copy their functions to other threads, processes and machines. An Extractor is pickled as its
settings; where it is used, it loads the model once per process. It is a plain callable from a text to its
answer, which is all that LangChain's ``RunnableLambda``, a Spark UDF or an executor's ``map`` need.
"""

from __future__ import annotations

import copy
import json
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner2_lite.errors import InputError
from gliner2_lite.integrations.reading import CHUNK_SIZE, all_or_error, read_texts
from gliner2_lite.model.gliner2 import GLiNER2
from gliner2_lite.pipeline.options import CallOptions
from gliner2_lite.schema import Schema, StructureBuilder, compile_schema

ON_ERROR = ("raise", "record")

_MODELS: dict[tuple[int, str, str | None, int | None], GLiNER2] = {}
_LOCK = threading.Lock()


def as_text(model: str | Path) -> str:
    """``model`` as a string that names the same: a path stays one, also where it is called as a model is."""
    return os.path.join(".", model) if isinstance(model, Path) else model


def shared_model(name: str | Path, *, variant: str | None = None, threads: int | None = None) -> GLiNER2:
    """The model of this name, loaded at most once per process.

    A forked child loads its own: the threads of a session do not live on in a child. What was inherited
    is kept but never used, since closing it would wait for those threads.

    Args and errors: as for ``GLiNER2.from_pretrained``.
    """
    with _LOCK:
        key = (os.getpid(), as_text(name), variant, threads)
        if key not in _MODELS:
            _MODELS[key] = GLiNER2.from_pretrained(name, variant=variant, threads=threads)
        return _MODELS[key]


def _new_lock() -> None:
    """A thread that held the lock when the process forked does not exist in the child."""
    global _LOCK
    _LOCK = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_new_lock)


@dataclass(frozen=True, eq=False)
class Extractor:
    """``GLiNER2.extract`` with all arguments but the text fixed.

    Args:
        model: name, directory or repository of a bundle.
        schema: a Schema, which is copied, or its dict form as in a schema file.
        threshold, include_confidence, include_spans: as in ``GLiNER2.extract``.
        long: read each text in overlapping windows, for texts of any length; False reads it in one piece.
        chunk_size: words per window; a text that makes too many tokens is read in smaller ones.
        batch_size: texts (or windows) per forward pass.
        on_error: what a text that cannot be run becomes: ``"raise"`` an InputError, ``"record"`` the answer
            ``{"error": message}``, while the other texts are answered. None: recorded in a column of a
            table (Spark, Ray), where one text must not end the job, and raised elsewhere.
        variant, threads: as in ``GLiNER2.from_pretrained``.

    Raises:
        SchemaError, InputError: when made, so that a mistake shows before any work is sent out.
    """

    model: str | Path
    schema: Any
    threshold: float = 0.5
    include_confidence: bool = False
    include_spans: bool = False
    long: bool = True
    chunk_size: int = CHUNK_SIZE
    batch_size: int = 8
    on_error: str | None = None
    variant: str | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "schema", _copied_schema(self.schema))
        CallOptions.checked(
            threshold=self.threshold, batch_size=self.batch_size,
            long=True, chunk_size=self.chunk_size, chunk_overlap=0,
        )  # fmt: skip
        if self.on_error is not None and self.on_error not in ON_ERROR:
            choices = ", ".join(map(repr, ON_ERROR))
            raise InputError(f"on_error must be one of {choices} or None, not {self.on_error!r}")

    def load(self) -> GLiNER2:
        """The model, loaded now if this process has not yet."""
        return shared_model(self.model, variant=self.variant, threads=self.threads)

    def __call__(self, text: str) -> dict[str, Any]:
        """The answer for one text."""
        return self.batch([text])[0]

    def batch(self, texts: Sequence[str]) -> list[dict[str, Any]]:
        """One answer per text, in order."""
        return self._answers(texts, self.on_error or "raise")

    def json_batch(self, texts: Sequence[str | None]) -> list[str | None]:
        """:meth:`batch` for a column of a table: answers as JSON text, and null where the text is null."""
        present = [index for index, text in enumerate(texts) if text is not None]
        answers = self._answers([text for text in texts if text is not None], self.on_error or "record")
        column: list[str | None] = [None] * len(texts)
        for index, answer in zip(present, answers, strict=True):
            column[index] = json.dumps(answer, ensure_ascii=False)
        return column

    def _answers(self, texts: Sequence[str], on_error: str) -> list[dict[str, Any]]:
        answers = self._read(texts)
        if on_error == "raise":
            return all_or_error(answers)
        return [{"error": str(answer)} if isinstance(answer, InputError) else answer for answer in answers]

    def _read(self, texts: Sequence[str]) -> list[dict[str, Any] | InputError]:
        model = self.load()
        if self.long:
            return read_texts(
                model, texts, self.schema, batch_size=self.batch_size, threshold=self.threshold,
                include_confidence=self.include_confidence, include_spans=self.include_spans,
                chunk_size=self.chunk_size,
            )  # fmt: skip
        return list(
            model.extract_iter(
                texts, self.schema, batch_size=self.batch_size, threshold=self.threshold,
                include_confidence=self.include_confidence, include_spans=self.include_spans,
                errors="yield",
            )
        )  # fmt: skip


def _copied_schema(schema: Any) -> Schema:
    if isinstance(schema, StructureBuilder):
        schema = schema.schema
    copied = copy.deepcopy(schema) if isinstance(schema, Schema) else Schema.from_dict(schema)
    compile_schema(copied)
    return copied
