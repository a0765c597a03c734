"""The documents hold: their snippets run as a reader would run them and print what is shown.

A fenced block of ``python`` or ``sh`` may be followed at once by a ``text`` or ``json`` block: the output.
Python blocks share one session from top to bottom, shell blocks one directory.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gliner2_export.cli import build_parser as export_parser
from gliner2_lite.cli import build_parser

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "examples").rglob("*.md")])
# Documents whose snippets run with the embedded model; those of integrations.md run in tests/apps.
RUNNABLE = (
    "README.md",
    "docs/cli.md",
    "docs/demo.md",
    "docs/export.md",
    "docs/migration.md",
    "docs/schema.md",
    "docs/tutorial.md",
)
# The two that set up a checkout: .ci/run runs them. And what needs an extra and a checkpoint: tests/export
# runs those of export.md.
SETUP, ELSEWHERE = "make ", "path/to/"


@dataclass(frozen=True)
class Snippet:
    """One code block of a document and the output shown for it (None: none is shown)."""

    line: int
    language: str
    code: str
    output: str | None


def read_snippets(text: str) -> list[Snippet]:
    """The runnable blocks of a document, in order, each with the output block that follows it."""
    blocks = list(FENCE.finditer(text))
    snippets = []
    for block, after in zip(blocks, [*blocks, None][1:], strict=True):
        if block[1] not in ("python", "sh"):
            continue
        follows = after is not None and after[1] in ("text", "json") and after.start() == block.end() + 1
        line = text.count("\n", 0, block.start()) + 1
        snippets.append(
            Snippet(line, block[1], block[2], after[2] if after is not None and follows else None)
        )
    return snippets


def snippets_of(document: str) -> list[Snippet]:
    return read_snippets((ROOT / document).read_text(encoding="utf-8"))


README = snippets_of("README.md")


def run_python(code: str, session: dict[str, Any]) -> str:
    """What ``code`` prints when it runs in ``session``."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "snippet", "exec", dont_inherit=True), session)  # no future import of this file
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


@pytest.mark.parametrize("document", RUNNABLE)
def test_python_snippets_print_what_is_shown(document: str) -> None:
    session: dict[str, Any] = {}
    for snippet in snippets_of(document):
        if snippet.language == "python" and ELSEWHERE not in snippet.code:
            printed = run_python(snippet.code, session)
            assert printed == (snippet.output or ""), f"{document}, line {snippet.line}"


@pytest.mark.parametrize("document", RUNNABLE)
def test_shell_snippets_print_what_is_shown(document: str, tmp_path: Path) -> None:
    for snippet in snippets_of(document):
        code = snippet.code.replace("make install && .venv/bin/", "")
        if snippet.language != "sh" or ELSEWHERE in code or code.startswith(SETUP):
            continue
        printed = run_shell(code, tmp_path)
        assert printed, f"{document}, line {snippet.line} printed nothing"
        if snippet.output is not None:
            assert printed == snippet.output, f"{document}, line {snippet.line}"


def test_there_are_snippets_to_run() -> None:
    counts = {(document, s.language): 0 for document in RUNNABLE for s in snippets_of(document)}
    for document in RUNNABLE:
        for snippet in snippets_of(document):
            counts[document, snippet.language] += ELSEWHERE not in snippet.code
    assert counts["README.md", "python"] >= 8 and counts["README.md", "sh"] >= 4
    assert counts["docs/cli.md", "sh"] >= 4 and counts["docs/demo.md", "python"] == 1
    assert counts["docs/tutorial.md", "python"] >= 25 and counts["docs/migration.md", "python"] >= 9


def commands_in(code: str) -> list[list[str]]:
    """The arguments of every ``gliner2-lite`` in shell code, up to a pipe, a redirection or its end."""
    found = []
    for line in re.sub(r"\\\n", " ", code).splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|&;<>()")
        lexer.whitespace_split = True
        words = list(lexer)
        for index, word in enumerate(words):
            if word.rpartition("/")[2] == "gliner2-lite":
                rest = words[index + 1 :]
                ends = [place for place, later in enumerate(rest) if set(later) <= set("|&;<>()")]
                found.append(rest[: ends[0]] if ends else rest)
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_are_those_of_the_parser(document: Path) -> None:
    """Also of commands that need a checkpoint, a network or a browser."""
    for snippet in read_snippets(document.read_text(encoding="utf-8")):
        for arguments in commands_in(snippet.code) if snippet.language == "sh" else ():
            if arguments[0] == "export":
                export_parser().parse_args(arguments[1:])
            else:
                build_parser().parse_args(arguments)


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


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for path, anchor in LINK.findall(FENCE.sub("", text)):
        target = (document.parent / path) if path else document
        assert target.exists(), f"{document.name} links to {path}"
        if anchor and target.suffix == ".md":
            assert anchor in heading_anchors(target.read_text(encoding="utf-8")), f"{document.name}: {anchor}"


def test_index_lists_every_page_once() -> None:
    """README.md and docs/README.md lead to all others."""
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[\S+\]\((\S+?)\) \|", index, re.MULTILINE)
    assert sorted(listed) == sorted(p.name for p in (ROOT / "docs").glob("*.md") if p.name != "README.md")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for page in ("README", "tutorial", "schema", "export", "migration"):
        assert f"(docs/{page}.md)" in readme


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
