"""What the tests of the benchmarks share: the import path, and runs of the command line."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gliner2_lite.load.locate import EMBEDDED

ROOT = Path(__file__).resolve().parents[2]
TINY = EMBEDDED["tiny"]
# The benchmarks are no part of the wheel; what is installed stays first.
if str(ROOT) not in sys.path:
    sys.path.append(str(ROOT))


def run_command(command: str, out: Path, *arguments: str) -> dict[str, Any]:
    """The JSON result of a command that must succeed. Its Markdown must be there as well."""
    from benchmarks.cli import main

    assert main([command, *arguments, "--out", str(out)]) == 0
    assert (out / f"{command}.md").read_text(encoding="utf-8").startswith("# ")
    return dict(json.loads((out / f"{command}.json").read_text(encoding="utf-8")))


def latency_result(*, hidden_size: int = 768) -> dict[str, Any]:
    """A made-up result of ``latency`` with two contestants."""
    from benchmarks.machine import describe_machine
    from benchmarks.schemas import TITLES
    from benchmarks.stats import summarize

    def row(group: str, schema: str, words: int) -> dict[str, Any]:
        ours = {**summarize([0.02, 0.03, 0.04]), "session_ms": 29.0, "outside_ms": 1.2}
        return {
            "group": group, "schema": schema, "title": TITLES[schema],
            "words": words, "tokens": 40,
            "results": {"int8": ours, "gliner2": summarize([0.2, 0.21, 0.22])},
            "faster": {"int8 / gliner2": 7.0}, "same_answer": {},
        }  # fmt: skip

    entry = {"label": "a label", "load_seconds": 0.5, "peak_mb": 120.0, "weights_mb": 190.0}
    return {
        "kind": "latency",
        "model": {"name": "base", "layers": 12, "hidden_size": hidden_size},
        "machine": {**describe_machine([0], 1), "others_percent": 40.0},
        "settings": {"repetitions": 1, "calls_per_turn": 3},
        "contestants": {"int8": entry, "gliner2": entry},
        "rows": [
            row("grid", "entities-4", 25),
            row("grid", "entities-4", 300),
            row("labels", "labels-5", 25),
        ],
    }


def read_tables(markdown: str) -> list[list[list[str]]]:
    """The cells of every table; the line under the header is checked and left out."""
    tables: list[list[list[str]]] = []
    for before, line in zip(["", *markdown.splitlines()], markdown.splitlines(), strict=False):
        if line.startswith("|"):
            if not before.startswith("|"):
                tables.append([])
            tables[-1].append([cell.strip() for cell in line.strip("|").split(" | ")])
    for lines in tables:
        assert lines[1][0].startswith("---|"), lines[1]
        del lines[1]
    return tables
