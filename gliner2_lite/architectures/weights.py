"""A file of head weights → float32 arrays."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from gliner2_lite.errors import BundleError
from gliner2_lite.graph.numeric import FloatArray

SCALE_SUFFIX = ".scale"
MAX_HEADS_BYTES = 1 << 30  # unpacked: a small archive can hold terabytes of zeros


def read_weights(path: Path) -> dict[str, FloatArray]:
    """The arrays of an ``.npz`` file by name, all as float32.

    Raises:
        BundleError: the file is no such archive, or would unpack to more than ``MAX_HEADS_BYTES``.
    """
    import zipfile  # with three compression libraries: not before weights are read

    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_HEADS_BYTES:
            raise ValueError(f"its arrays have {size:,} bytes, more than {MAX_HEADS_BYTES:,}")
        with np.load(path, allow_pickle=False) as stored:
            return {name: _wide(stored, name) for name in stored.files if not name.endswith(SCALE_SUFFIX)}
    except Exception as error:  # zipfile, zlib and NumPy have a dozen kinds for damaged files
        raise BundleError(f"{path} is not a file of arrays ({error}); get the bundle again") from error


def _wide(stored: Mapping[str, npt.NDArray[Any]], name: str) -> FloatArray:
    """An array as float32; stored so, or as float16 where that loses nothing, or int8 with row scales."""
    values = stored[name]
    wide: FloatArray = values.astype(np.float32)
    return wide * stored[name + SCALE_SUFFIX] if values.dtype == np.int8 else wide
