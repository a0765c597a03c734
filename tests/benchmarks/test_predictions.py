"""Predictions kept on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.predictions import Predictions
from gliner2_lite import InputError

KEYS = [("int8", "model", "file", str(number), "{}") for number in range(3)]


def test_a_half_written_line_is_dropped_and_a_damaged_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "kept.jsonl"
    with Predictions(path) as predictions:
        predictions.add((key, {"answers": [["a", key[3]]]}) for key in KEYS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:-1])
    with Predictions(path) as predictions:
        assert [key in predictions for key in KEYS] == [True, True, False]
        assert predictions[KEYS[1]] == {"answers": [["a", "1"]]}
    assert path.read_bytes() == b"".join(lines[:2])
    path.write_bytes(b"no prediction\n" + b"".join(lines))
    with pytest.raises(InputError, match=r"kept\.jsonl, line 1"), Predictions(path):
        pytest.fail("a damaged file was opened")
    with pytest.raises(ValueError, match="with statement"):
        Predictions(path).add([])
