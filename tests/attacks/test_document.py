"""SECURITY.md says what the code does: its table of limits, and its snippet."""

from __future__ import annotations

import importlib
import re
from dataclasses import fields
from typing import Any

from gliner2_lite import Limits, RegexValidator
from tests.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([\w.]+)` \| ([\w, ]+?) \|", TEXT, re.MULTILINE))
UNITS = {"MiB": 1 << 20, "GiB": 1 << 30}


def number(text: str) -> int:
    value, _, unit = text.partition(" ")
    return int(value.replace(",", "")) * UNITS.get(unit, 1)


def test_every_limit_stands_there_with_its_default() -> None:
    for field in fields(Limits):
        shown = ROWS.pop(field.name)
        assert shown == "True" if field.name == "markers" else number(shown) == field.default, field.name
    assert number(ROWS.pop("RegexValidator.max_chars")) == RegexValidator("a").max_chars
    assert len(ROWS) == 5
    for name, shown in ROWS.items():
        module, _, constant = name.rpartition(".")
        assert number(shown) == getattr(importlib.import_module(f"gliner2_lite.{module}"), constant), name


def test_the_snippet_runs() -> None:
    [code] = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    session: dict[str, Any] = {}
    exec(compile(code, "SECURITY.md", "exec"), session)
    assert session["found"]["entities"].keys() == {"person", "city"}
