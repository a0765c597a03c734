"""Head weights: three ways of storing them, and files that are none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gliner2_lite import BundleError
from gliner2_lite.architectures import weights
from gliner2_lite.architectures.weights import read_weights


def test_every_storage_becomes_float32(tmp_path: Path) -> None:
    path = tmp_path / "heads.npz"
    exact = np.array([[0.5, -1.25], [3.0, 0.125]], dtype=np.float32)
    scale = np.array([[0.5], [0.25]], dtype=np.float32)
    np.savez(
        path, full=exact, half=exact.astype(np.float16), rows=np.array([[1, -2], [3, 4]], dtype=np.int8),
        **{"rows.scale": scale},
    )  # fmt: skip
    read = read_weights(path)
    assert set(read) == {"full", "half", "rows"}
    assert all(array.dtype == np.float32 for array in read.values())
    np.testing.assert_array_equal(read["half"], exact)
    np.testing.assert_array_equal(read["rows"], [[0.5, -1.0], [0.75, 1.0]])


def test_an_archive_that_unpacks_to_too_much_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "heads.npz"
    np.savez_compressed(path, zeros=np.zeros(100_000, dtype=np.float32))
    monkeypatch.setattr(weights, "MAX_HEADS_BYTES", 1000)
    with pytest.raises(BundleError, match=r"heads\.npz is not a file of arrays .*more than 1,000"):
        read_weights(path)


@pytest.mark.parametrize("data", [b"", b"PK", b"not a zip archive"])
def test_files_of_another_kind_are_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "heads.npz"
    path.write_bytes(data)
    with pytest.raises(BundleError, match="is not a file of arrays"):
        read_weights(path)
