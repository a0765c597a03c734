"""What people read: marked texts, aligned tables, plain lines, and terminals that are not fooled."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gliner2_lite.cli import main
from gliner2_lite.cli.table import plain, shorten, table_block, text_lines, use_color, width

TEXT = "東京 is where Tim Cook met Ann."
RESULT = {
    "product": [
        {
            "name": {"text": "x", "confidence": 0.5, "start": 3, "end": 4},
            "color": {"text": "red", "confidence": 1.0},
        }
    ],
    "entities": {
        "city": [{"text": "東京", "confidence": 0.91, "start": 0, "end": 2}],
        "person": [
            {
                "text": "Tim Cook",
                "confidence": 0.999,
                "start": 12,
                "end": 20,
                "mood": {"label": "calm", "confidence": 1},
            }
        ],
        "none": [],
    },
    "tone": {"label": "good", "confidence": 0.75},
    "aspects": [{"label": "a", "confidence": 0.5}, {"label": "b", "confidence": 0.25}],
    "relation_extraction": {
        "met": [
            {
                "head": {"text": "Tim Cook", "confidence": 0.5, "start": 12, "end": 20},
                "tail": {"text": "Ann", "confidence": 0.4, "start": 25, "end": 28},
            }
        ]
    },
}


def test_columns_line_up_for_wide_characters() -> None:
    lines = table_block("here", TEXT, RESULT, color=False).splitlines()
    assert lines[:2] == ["here", TEXT]
    places = {width(line[: line.index("%")]) for line in lines[2:] if "%" in line}
    assert len(places) == 1
    assert (width("東京"), width("é"), width("e\u0301"), width("👍🏽")) == (4, 1, 1, 4)


def test_spans_are_marked_in_color_only() -> None:
    colored = table_block(None, TEXT, RESULT, color=True)
    assert re.search(r"\x1b\[1m\x1b\[\d+mTim Cook\x1b\[0m", colored.splitlines()[0])
    assert re.sub(r"\x1b\[\d+m", "", colored) == table_block(None, TEXT, RESULT, color=False)


def test_long_texts_show_what_is_near_the_spans() -> None:
    text = "start " + "filler " * 500 + "Oslo" + " filler" * 500
    at = text.index("Oslo")
    result = {"entities": {"city": [{"text": "Oslo", "confidence": 1.0, "start": at, "end": at + 4}]}}
    shown = table_block(None, text, result, color=False).splitlines()[0]
    assert shown.startswith("start") and "Oslo" in shown and shown.endswith("…")
    assert len(shown) < 250
    assert shorten("東京東京", 5) == "東京…" and shorten("abc", 3) == "abc"


def test_control_characters_do_not_reach_the_terminal() -> None:
    text = "a\x1b[31mb\u202ec\nd\te"
    assert plain(text) == "a [31mb\ufffdc d e" and len(plain(text)) == len(text)
    block = table_block("x\x1b", text, {"entities": {}}, color=False)
    assert "\x1b" not in block and "\u202e" not in block and "nothing found" in block
    assert (
        text_lines("f", {"tone": {"label": "a\tb\n", "confidence": 0.5}}) == "f\ttone\t\ta b \t0.5000\t\t\n"
    )


def test_formats_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"text": "Lars moved to Oslo."}\nbad\n', encoding="utf-8")
    argv = ["extract", "--input", str(path), "--entities", "city", "--format"]
    assert main([*argv, "text"]) == 1
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:4] == [f"{path}, line 1", "entities", "city", "Oslo"]
    assert rows[0][5:] == ["14", "18"] and rows[1][1] == "error"
    assert main([*argv, "table"]) == 1
    out = capsys.readouterr().out
    assert "\x1b" not in out and "line 1" in out and "error: not valid JSON" in out


def test_color_follows_the_terminal(tmp_path: Path) -> None:
    assert use_color("always", into_file=True) and not use_color("never", into_file=False)
    command = [sys.executable, "-m", "gliner2_lite", "extract", "Lars moved to Oslo.", "--entities", "city"]
    for extra, colored in (({}, True), ({"NO_COLOR": "1"}, False)):
        master, slave = pty.openpty()
        environment = {**{k: v for k, v in os.environ.items() if k != "NO_COLOR"}, "TERM": "xterm", **extra}
        process = subprocess.Popen(
            [*command, "--format", "table"],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=slave,
            env=environment,
        )
        os.close(slave)
        assert process.wait(timeout=120) == 0
        shown = os.read(master, 4096)
        os.close(master)
        assert (b"\x1b[" in shown) is colored
