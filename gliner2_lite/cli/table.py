"""Results for people: the text with its spans marked, and an aligned table of what was found in it."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from gliner2_lite.cli.findings import Finding, findings

COLORS = (36, 33, 32, 35, 34, 31)  # cyan, yellow, green, magenta, blue, red: readable on dark and light
BOLD, DIM, RESET = "\x1b[1m", "\x1b[2m", "\x1b[0m"
ELLIPSIS = "…"
MAX_TEXT, CONTEXT = 400, 40  # characters of a text shown whole; beside each span of a longer one
MAX_CELL = 48  # columns of the terminal


def use_color(choice: str, *, into_file: bool) -> bool:
    """``always``, ``never``, or ``auto``: a terminal, unless NO_COLOR or TERM=dumb says otherwise."""
    if choice != "auto":
        return choice == "always"
    terminal = sys.stdout.isatty() and not into_file
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def table_block(title: str | None, text: str, answer: Mapping[str, Any] | str, *, color: bool) -> str:
    """One text and its answers (or its error), as lines that end in an empty one."""
    lines = [] if title is None else [f"{DIM}{plain(title)}{RESET}" if color else plain(title)]
    if isinstance(answer, str):
        return "\n".join([*lines, f"  error: {plain(answer)}"]) + "\n\n"
    items = list(findings(answer))
    labels = list(dict.fromkeys((finding.task, finding.label) for finding in items if finding.spans))
    paint = {label: COLORS[index % len(COLORS)] for index, label in enumerate(labels)} if color else {}
    lines.append(_marked(text, items, paint))
    lines += _rows(items, paint) or ["  nothing found"]
    return "\n".join(lines) + "\n\n"


def text_lines(place: str, answer: Mapping[str, Any] | str) -> str:
    """One line per finding for grep, cut and sort: place, task, label, value, confidence, start, end."""
    if isinstance(answer, str):
        return "\t".join(map(plain, (place, "error", "", answer, "", "", ""))) + "\n"
    lines = []
    for finding in findings(answer):
        confidence = "" if finding.confidence is None else f"{finding.confidence:.4f}"
        start, end = (str(finding.spans[0][0]), str(finding.spans[-1][1])) if finding.spans else ("", "")
        cells = (place, finding.task, finding.label, finding.value, confidence, start, end)
        lines.append("\t".join(map(plain, cells)) + "\n")
    return "".join(lines)


def plain(text: str) -> str:
    """``text`` on one line and without anything that moves a terminal's cursor; as long as before."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_visible(char) for char in text)


def width(text: str) -> int:
    """Columns of ``text`` on a terminal: two for wide characters, none for marks and joiners."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def shorten(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` columns, its end replaced by an ellipsis."""
    if width(text) <= limit:
        return text
    kept, used = [], 0
    for char in text:
        used += _columns(char)
        if used > limit - 1:
            break
        kept.append(char)
    return "".join(kept) + ELLIPSIS


def _visible(char: str) -> str:
    category = unicodedata.category(char)
    if category in ("Cc", "Zl", "Zp"):
        return " "
    # Direction overrides could show a text in another order than it has; joiners only shape letters.
    if category in ("Cs", "Co", "Cn") or (category == "Cf" and char not in "\u200c\u200d"):
        return "\ufffd"
    return char


def _columns(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _marked(text: str, items: Sequence[Finding], paint: Mapping[tuple[str, str], int]) -> str:
    """The text with every found span in its label's colour; far from all of them a long one is cut."""
    owners: list[tuple[str, str] | None] = [None] * len(text)
    for finding in items:
        for start, end in finding.spans:
            for place in range(start, min(end, len(text))):
                owners[place] = owners[place] or (finding.task, finding.label)
    shown = _shown(owners)
    parts: list[str] = []
    clean = plain(text)
    for (visible, owner), places in groupby(range(len(text)), key=lambda at: (shown[at], owners[at])):
        run = list(places)
        piece = clean[run[0] : run[-1] + 1]
        if not visible:
            parts.append(f" {ELLIPSIS} " if parts else f"{ELLIPSIS} ")
        elif owner in paint:
            parts.append(f"{BOLD}\x1b[{paint[owner]}m{piece}{RESET}")
        else:
            parts.append(piece)
    return "".join(parts).strip()


def _shown(owners: Sequence[object]) -> list[bool]:
    """Which characters to show: all of a short text; of a long one its start and what is near spans."""
    if len(owners) <= MAX_TEXT:
        return [True] * len(owners)
    shown = [False] * len(owners)
    near = [at for at, owner in enumerate(owners) if owner is not None]
    shown[: 2 * CONTEXT] = [True] * (2 * CONTEXT)
    for at in near:
        first, last = max(0, at - CONTEXT), min(len(owners), at + CONTEXT + 1)
        shown[first:last] = [True] * (last - first)
    return shown


def _rows(items: Sequence[Finding], paint: Mapping[tuple[str, str], int]) -> list[str]:
    cells = []
    before = None
    for finding in items:
        task = "" if finding.task == before else finding.task
        before = finding.task
        percent = "" if finding.confidence is None else f"{finding.confidence:.0%}"
        value = shorten(plain(finding.value), MAX_CELL)
        cells.append(([plain(task), plain(finding.label), value, percent], (finding.task, finding.label)))
    widths = [max((width(row[column]) for row, _ in cells), default=0) for column in range(4)]
    lines = []
    for row, label in cells:
        padded = [cell + " " * (size - width(cell)) for cell, size in zip(row[:3], widths, strict=False)]
        if label in paint:
            padded[1] = f"\x1b[{paint[label]}m{padded[1]}{RESET}"
        lines.append(("  " + "  ".join([*padded, row[3].rjust(widths[3])])).rstrip())
    return lines
