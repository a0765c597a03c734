"""The documents hold: every README snippet runs as a reader would run it and prints what is shown.

A fenced block of ``python`` or ``sh`` may be followed at once by a ``text`` or ``json`` block: the output.
Python blocks share one session from top to bottom, shell blocks one directory.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
# The two that set up a checkout: .ci/run runs them. And what needs an extra and a checkpoint: tests/export.
SETUP, ELSEWHERE = "make ", "path/to/"


@dataclass(frozen=True)
class Snippet:
    """One code block of README and the output shown for it (None: none is shown)."""

    line: int
    language: str
    code: str
    output: str | None


def read_snippets(text: str) -> list[Snippet]:
    """The runnable blocks of a document, in order, each with the output block that follows it."""
    blocks = list(FENCE.finditer(text))
    snippets = []
    for block, after in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] not in ("python", "sh"):
            continue
        follows = after is not None and after[1] in ("text", "json") and after.start() == block.end() + 1
        line = text.count("\n", 0, block.start()) + 1
        snippets.append(
            Snippet(line, block[1], block[2], after[2] if after is not None and follows else None)
        )
    return snippets


README = read_snippets((ROOT / "README.md").read_text(encoding="utf-8"))


def run_python(code: str, session: dict[str, Any]) -> str:
    """What ``code`` prints when it runs in ``session``."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), session)
    return printed.getvalue()


def run_shell(code: str, folder: Path) -> str:
    """Standard output of ``code`` under bash in ``folder``, this environment's commands first on PATH."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code],
        cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{code}\nended with {done.returncode}:\n{done.stderr}"
    return done.stdout


def test_python_snippets_print_what_readme_shows() -> None:
    session: dict[str, Any] = {}
    snippets = [s for s in README if s.language == "python" and ELSEWHERE not in s.code]
    assert len(snippets) >= 8
    for snippet in snippets:
        printed = run_python(snippet.code, session)
        assert printed == (snippet.output or ""), f"README.md, line {snippet.line}"


def test_shell_snippets_print_what_readme_shows(tmp_path: Path) -> None:
    snippets = [s for s in README if s.language == "sh" and ELSEWHERE not in s.code]
    assert len(snippets) >= 4
    for snippet in snippets:
        code = snippet.code.replace("make install && .venv/bin/", "")
        if code.startswith(SETUP):
            continue
        printed = run_shell(code, tmp_path)
        assert printed, f"README.md, line {snippet.line} printed nothing"
        if snippet.output is not None:
            assert printed == snippet.output, f"README.md, line {snippet.line}"


def test_snippets_left_out_are_the_known_ones() -> None:
    left_out = [s.code.splitlines()[0] for s in README if ELSEWHERE in s.code or s.code.startswith(SETUP)]
    assert [line.split()[0] for line in left_out] == ["make", "make", "pip", "gliner2-lite", "model"]


def test_first_two_commands_set_up_everything() -> None:
    first, second = (s.code.strip() for s in README[:2])
    assert first.startswith("make install && .venv/bin/gliner2-lite extract ") and "\n" not in first
    assert second == "make test"
    # CI runs these very two on a clean clone.
    assert first.removeprefix("make install && .venv/bin/") in (ROOT / ".ci" / "run").read_text(
        encoding="utf-8"
    )


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path, anchor in LINK.findall(FENCE.sub("", text)):
        target = (document.parent / path) if path else document
        assert target.exists(), f"{document.name} links to {path}"
        if anchor and target.suffix == ".md":
            assert anchor in heading_anchors(target.read_text(encoding="utf-8")), f"{document.name}: {anchor}"


def heading_anchors(text: str) -> set[str]:
    """The fragment of each heading: lower case, no punctuation, spaces as hyphens."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.MULTILINE)
    return {"#" + re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = ("help", "install", "test", "test-export", "test-apps", "lint", "format", "bench", "golden",
               "fuzz", "soak")  # fmt: skip
    for target in targets:
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), target
