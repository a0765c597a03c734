"""``make-checkpoint``: its options; tests/export makes a real one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from benchmarks import cli
from benchmarks.shapes import SHAPES


def test_options_reach_the_maker_and_the_place_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[Any, ...]] = []

    def make_checkpoint(shape: str, vocabulary: int, sentences: list[str], out: Path, *, seed: int) -> float:
        calls.append((shape, vocabulary, len(sentences) > 0, out, seed))
        return 1.304

    maker = ModuleType("benchmarks.checkpoint")
    maker.make_checkpoint = make_checkpoint  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "benchmarks.checkpoint", maker)
    out = tmp_path / "made"
    for shape in SHAPES:
        assert cli.main(["make-checkpoint", "--shape", shape, "--vocab", "500", "--seed", "3", str(out)]) == 0
    assert cli.main(["make-checkpoint", str(out)]) == 0
    assert calls == [
        *((shape, 500, True, out, 3) for shape in SHAPES), ("deberta-v3-base", 128_000, True, out, 0),
    ]  # fmt: skip
    printed, notes = capsys.readouterr()
    assert set(printed.splitlines()) == {str(out)}
    assert "1.30 tokens per word" in notes


def test_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "benchmarks.checkpoint", raising=False)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert cli.main(["make-checkpoint", str(tmp_path / "made")]) == 1
    assert 'make-checkpoint needs torch: pip install "gliner2-lite[export]"' in capsys.readouterr().err
