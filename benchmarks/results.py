"""Results of the commands: JSON objects of one form, written beside their Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.machine import describe_machine
from benchmarks.settings import Settings
from benchmarks.tables import machine_lines

RESULT_FORMAT = 1


def new_result(settings: Settings, kind: str) -> dict[str, Any]:
    """The result of a command to fill in; the machine is described."""
    return {
        "format": RESULT_FORMAT,
        "kind": kind,
        "model": settings.model,
        "machine": describe_machine(list(settings.cpus), settings.threads),
        "settings": {"repetitions": settings.repetitions, "seed": settings.seed, "data": settings.data},
        "contestants": {},
        "rows": [],
    }


def new_result_without_contestants(kind: str, *, cpus: Sequence[int], threads: int) -> dict[str, Any]:
    """The beginning of a result of a command that compares nobody; the machine is described."""
    return {"format": RESULT_FORMAT, "kind": kind, "machine": describe_machine(list(cpus), threads)}


def write_result(result: dict[str, Any], report: Sequence[str], out: Path, name: str | None = None) -> str:
    """Write ``<name>.json`` and ``<name>.md`` (None: the kind) into ``out``; returns the Markdown.

    The Markdown is the lines of the command's ``report``, and the machine's below them.
    """
    markdown = "\n".join([*report, *machine_lines(result["machine"])]) + "\n"
    name = name or result["kind"]
    (out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    (out / f"{name}.md").write_text(markdown, encoding="utf-8")
    return markdown
