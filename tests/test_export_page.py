"""docs/export.md and the exporter know the same options, fields and forms; tests/export runs its commands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gliner2_lite
from gliner2_export.cli import build_parser
from gliner2_export.quality.gold import READERS
from gliner2_export.quality.metrics import KINDS, Comparison
from gliner2_export.quality.texts import read_texts
from tests.test_schema_page import read_tables

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
TABLES = read_tables(TEXT)
TINY = Path(gliner2_lite.__file__).parent / "data" / "tiny"
QUALITY = json.loads((TINY / "quality.json").read_text(encoding="utf-8"))
#: How the page writes a default that is no value.
UNSET = {None: "none", False: "off"}
#: Where the page says what happens instead of None.
INSTEAD = {"--calibration": "built in"}


def test_options_and_defaults_are_those_of_the_parser() -> None:
    expected = {}
    for action in build_parser()._actions:
        if action.dest == "help":
            continue
        name = action.option_strings[-1] if action.option_strings else str(action.metavar)
        default = INSTEAD.get(name, UNSET.get(action.default, str(action.default)))
        expected[name] = default if action.option_strings else "required"
    [rows] = TABLES["Options", "option"]
    assert {row[0]: row[1] for row in rows} == expected
    words = {row[0]: row[2] for row in rows}
    for action in build_parser()._actions:
        for choice in action.choices or ():
            assert f"`{choice}`" in words[action.option_strings[-1]]


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """The dotted paths of a report's fields; a comparison's and a kind's name are left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            shown = "" if " against " in key or key in KINDS else f".{key}"
            yield from leaves(item, path + shown)
    else:
        yield path.lstrip(".")


def test_every_field_of_a_quality_report_is_explained() -> None:
    [rows] = TABLES["How to read quality.json", "field"]
    named = {name for row in rows for name in re.findall(r"[\w….]+", row[0])}
    compared = "held_out.comparisons"
    for field in set(leaves(QUALITY)):
        inside = field.removeprefix(compared).removeprefix(".by_kind")
        assert field in named or (field.startswith(compared) and "…" + inside in named), field
    known = {field.removeprefix(compared) for field in leaves(QUALITY)} | {".by_kind"}
    for name in named:
        if name.startswith("…"):
            assert name.removeprefix("…") in known, name
        elif not name.startswith("evaluated"):
            assert any(f"{field}.".startswith(f"{name}.") for field in leaves(QUALITY)), name


def test_the_embedded_report_has_every_field_that_is_written() -> None:
    assert set(Comparison().as_dict()) == set(QUALITY["held_out"]["comparisons"]["int8 against fp32"])


def test_folders_of_labelled_texts_are_those_that_are_read() -> None:
    [rows] = TABLES["Labelled texts of your own", "folder"]
    assert {row[0].rstrip("/") for row in rows} == set(READERS)


def test_calibration_file_of_the_page_can_be_read(tmp_path: Path) -> None:
    [sample] = re.findall(r"^```text\n(# .*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    file = tmp_path / "texts.txt"
    file.write_text(sample, encoding="utf-8")
    texts = read_texts(file)
    assert len(texts) == 2
    assert all("invoice number" in item.schema.to_dict()["entities"] for item in texts)
