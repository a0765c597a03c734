"""Where recorded data lies, and JSON that keeps tuples apart from lists.

Files are written so that equal content gives equal bytes: gzip and zip carry no time.
"""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
CASES_DIR = HERE / "cases"
BUNDLES_DIR = HERE / "bundles"

TUPLE = "$tuple"
DECIMALS = 7  # of stored confidences: far below the tolerance, a third of the digits


def tag(value: Any) -> Any:
    """A result as JSON data: tuples become ``{"$tuple": [...]}``, mappings plain dicts in their order.

    Raises TypeError for anything that a result must not hold, such as a NumPy or torch scalar.
    """
    if value is None or type(value) in (str, int, bool):
        return value
    if type(value) is float:
        return round(value, DECIMALS)
    if type(value) is list:
        return [tag(item) for item in value]
    if type(value) is tuple:
        return {TUPLE: [tag(item) for item in value]}
    if isinstance(value, dict):
        return {key: tag(item) for key, item in value.items()}
    raise TypeError(f"a result holds {value!r} of type {type(value).__name__}")


def untag(value: Any) -> Any:
    """The inverse of :func:`tag`."""
    if isinstance(value, list):
        return [untag(item) for item in value]
    if isinstance(value, dict):
        if set(value) == {TUPLE}:
            return tuple(untag(item) for item in value[TUPLE])
        return {key: untag(item) for key, item in value.items()}
    return value


def save_record(record: dict[str, Any], path: Path) -> None:
    """Write ``record`` as gzip'd JSON, one case a line after the head."""
    head = {key: value for key, value in record.items() if key != "cases"}
    lines = [json.dumps(head, ensure_ascii=False)]
    lines += [json.dumps(case, ensure_ascii=False, separators=(",", ":")) for case in record["cases"]]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress("\n".join(lines).encode("utf-8"), compresslevel=9, mtime=0))


def load_record(path: Path) -> dict[str, Any]:
    """The head of a record with its ``cases``."""
    head, *lines = gzip.decompress(path.read_bytes()).decode("utf-8").split("\n")
    return {**json.loads(head), "cases": [json.loads(line) for line in lines]}


def record_path(name: str) -> Path:
    """Where the cases of the checkpoint ``name`` are stored."""
    return CASES_DIR / f"{name}.json.gz"


def recorded_names() -> list[str]:
    """Checkpoints that have stored cases, in order."""
    return sorted(path.name.removesuffix(".json.gz") for path in CASES_DIR.glob("*.json.gz"))


def bundled_names() -> list[str]:
    """Checkpoints whose bundle is stored too."""
    return sorted(path.stem for path in BUNDLES_DIR.glob("*.zip"))


def pack_bundle(bundle: Path, name: str) -> Path:
    """Store the bundle directory as one zip file: random weights are made to compress well."""
    BUNDLES_DIR.mkdir(parents=True, exist_ok=True)
    packed = BUNDLES_DIR / f"{name}.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(bundle.rglob("*")):
            if path.is_file():
                entry = zipfile.ZipInfo(path.relative_to(bundle).as_posix(), date_time=(1980, 1, 1, 0, 0, 0))
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed


def unpack_bundle(name: str, out: Path) -> Path:
    """Unpack the stored bundle ``name`` into ``out``; returns its directory."""
    directory = out / name
    with zipfile.ZipFile(BUNDLES_DIR / f"{name}.zip") as archive:
        archive.extractall(directory)
    return directory
