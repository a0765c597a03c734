"""``info``: versions, the manifest's facts, the quality report and what is compiled."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import __version__
from gliner2_lite.cli import info
from tests.cli.running import run


def test_info_tells_versions_and_bundle(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(["info"], capsys)
    assert (code, err) == (0, "")
    head = out.index("")
    facts = dict(re.split(r"\s{2,}", line, maxsplit=1) for line in out[:head])
    assert facts["gliner2-lite"] == __version__
    assert re.match(r"\d+\.\d+", facts["onnxruntime"])
    assert "MB" in facts["variant int8"]
    assert "quality" in out[head + 1]
    assert any(line.strip().startswith("int8 against reference") for line in out[head + 2 :])
    code, out, err = run(["info", "tiny", "--json"], capsys)
    told = json.loads("\n".join(out))
    assert told["format_version"] == 1
    assert "comparisons" in told["quality_report"]["held_out"]


def test_info_on_no_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(["info", str(tmp_path)], capsys)
    assert (code, out, len(err.splitlines())) == (1, [], 1)
    assert str(tmp_path) in err


def measured(**more: Any) -> dict[str, Any]:
    share = {"answers": 200, "changed": 0.125, "f1": 0.5}
    return share | {"delta": {"mean": 0.00125, "p99": 0.25, "max": 1.0}} | more


def test_quality_rows_tell_the_kinds_where_answers_changed() -> None:
    changed = measured(by_kind={"entities": {"answers": 9, "changed": 1.0, "f1": 1.0}})
    same = measured(changed=0, by_kind={"entities": {}})
    report = {"held_out": {"comparisons": {"a": changed, "b": same}}}
    assert list(info._quality_rows(report)) == [
        ("a", "200", "12.5%", "0.500", "0.0013", "0.2500", "1.0000"),
        ("  entities", "9", "100.0%", "1.000", "", "", ""),
        ("b", "200", "0.0%", "0.500", "0.0013", "0.2500", "1.0000"),
    ]
    for nothing in (None, {}, {"held_out": None}, {"held_out": {"comparisons": None}}):
        assert list(info._quality_rows(nothing)) == []


def test_numbers_line_up_at_the_right() -> None:
    assert list(info._aligned([("", "n"), ("long", "1"), ("x", "100")])) == [
        "        n",
        "long    1",
        "x     100",
    ]


def test_a_package_that_is_not_installed_is_told() -> None:
    assert re.match(r"\d", info._installed("numpy"))
    assert info._installed("no_such_package_anywhere") == "not installed"
