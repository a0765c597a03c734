"""Answers kept on disk while ``accuracy`` runs, so that an interrupted run can be continued.

One JSON object a line, appended and flushed batch by batch. A half-written last line is cut off.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from gliner2_lite.errors import InputError

#: (contestant, model, file, record, options): all that an answer depends on.
Key = tuple[str, str, str, str, str]
FIELDS = ("contestant", "model", "file", "record", "options")


class Predictions:
    """The file at ``path``, read and then open for appending. A context manager."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[Key, dict[str, Any]] = {}
        self._file: IO[str] | None = None

    def __enter__(self) -> Predictions:
        if self._path.exists():
            whole = self._read()
            if whole < self._path.stat().st_size:
                os.truncate(self._path, whole)
        self._file = self._path.open("a", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def __getitem__(self, key: Key) -> dict[str, Any]:
        return self._known[key]

    def add(self, items: Iterable[tuple[Key, dict[str, Any]]]) -> None:
        """Append answers; they are on disk when this returns."""
        if self._file is None:
            raise ValueError("the file of predictions is not open; use it in a with statement")
        for key, answer in items:
            line = {**dict(zip(FIELDS, key, strict=True)), **answer}
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._known[key] = answer
        self._file.flush()
        os.fsync(self._file.fileno())

    def _read(self) -> int:
        """Fill in what is known; returns how many bytes of the file are whole lines.

        Raises InputError for a damaged line that is not the last one.
        """
        whole = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if not line.endswith(b"\n"):
                    break
                try:
                    item = json.loads(line)
                    key = tuple(item.pop(name) for name in FIELDS)
                except (ValueError, KeyError, AttributeError, TypeError) as error:
                    raise InputError(
                        f"{self._path}, line {number}: not a prediction ({error}); remove the line, or the "
                        "file to begin anew"
                    ) from error
                self._known[key] = item  # type: ignore[index]
                whole += len(line)
        return whole
