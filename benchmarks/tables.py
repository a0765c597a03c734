"""Pieces of Markdown that several reports have."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

BUSY_PERCENT = 10.0  # of the machine taken by others: from here on the figures are doubtful


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table; the first column is left-aligned, the others right."""
    lines = ["| " + " | ".join(header) + " |", "|---|" + "---:|" * (len(header) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def model_lines(result: dict[str, Any]) -> list[str]:
    """The line that names the model."""
    model = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in result["model"].items())
    return [f"Model: {model}.", ""]


def contestant_lines(result: dict[str, Any]) -> list[str]:
    """The model, and a table of who ran: time to load, peak memory, size of the weights."""
    rows = (
        [
            name,
            entry["label"],
            f"{entry['load_seconds']:.2f}",
            f"{entry['peak_mb']:.0f}",
            f"{entry['weights_mb']:.0f}",
        ]
        for name, entry in result["contestants"].items()
    )
    header = ["contestant", "what it is", "load, s", "peak memory, MB", "weights, MB"]
    return [*model_lines(result), *table(header, rows), ""]


def machine_lines(machine: dict[str, Any]) -> list[str]:
    """The machine in one line, and who else used it, with a warning where that was much."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    flags = ", ".join(machine["flags"]) or "none of those looked for"
    lines = [
        f"{machine['date']}; {machine['cpu']} ({machine['architecture']}; {flags}), "
        f"{machine['cores']} cores, {machine['threads']} thread(s) pinned to processors "
        f"{machine['cpus_used']}, {machine['memory_gb']} GB; "
        f"{machine['system']}; Python {machine['python']}; {versions}.",
    ]
    others = machine.get("others_percent")
    if others is not None:
        doubt = (
            " **The machine was busy: take these figures with caution.**" if others >= BUSY_PERCENT else ""
        )
        lines += ["", f"Other processes used {others:.0f} % of the machine meanwhile.{doubt}"]
    return lines
