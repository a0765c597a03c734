"""Markdown of ``accuracy``: tables in the shape of those in the GLiNER2 paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.tables import describe_model_line, table

CROSSNER = "ner/crossner_"


def accuracy(result: dict[str, Any]) -> list[str]:
    """Entities by domain (CrossNER), entities of other data sets, classification; averages below each."""
    settings = result["settings"]
    with_or_without = "With" if settings["descriptions"] else "Without"
    lines = [
        "# Accuracy, zero-shot",
        "",
        f"At most {settings['per_file']} texts per file, the same for all (seed {settings['seed']}). "
        "Entities: F1 over exact spans with their label, micro-averaged per file. Classification: share of "
        f"texts whose labels are all right. {with_or_without} descriptions of labels, threshold 0.5. Every "
        "text is asked for all labels that its file knows.",
        "",
        *describe_model_line(result),
    ]
    entities = [row for row in result["rows"] if row["kind"] == "ner"]
    crossner = [row for row in entities if row["file"].startswith(CROSSNER)]
    others = [row for row in entities if row not in crossner]
    classes = [row for row in result["rows"] if row["kind"] == "classification"]
    lines += _table("Entities by domain (CrossNER), F1", "domain", crossner, result)
    lines += _table("Entities, other data sets, F1", "data set", others, result)
    lines += _table("Classification, accuracy", "data set", classes, result)
    failed = {
        name: sum(row["results"][name]["failed"] for row in result["rows"]) for name in result["contestants"]
    }
    for name, count in failed.items():
        if count:
            lines.append(f"- {name} refused {count} texts; they count as answered with nothing.")
    return [*lines, ""] if any(failed.values()) else lines


def _table(title: str, first: str, rows: Sequence[dict[str, Any]], result: dict[str, Any]) -> list[str]:
    if not rows:
        return []
    names, figure = list(result["contestants"]), rows[0]["figure"]
    body = [
        [_short(row["file"]), str(row["texts"]), *(f"{row['results'][name][figure]:.3f}" for name in names)]
        for row in rows
    ]
    means = [sum(row["results"][name][figure] for row in rows) / len(rows) for name in names]
    body.append(["**average**", "", *(f"**{value:.3f}**" for value in means)])
    return [f"## {title}", "", *table([first, "texts", *names], body), ""]


def _short(file: str) -> str:
    """ "ner/crossner_ai.dev.jsonl" → "ai (dev)"."""
    name, _, split = file.partition("/")[2].removesuffix(".jsonl").rpartition(".")
    return f"{name.removeprefix('crossner_')} ({split})"
