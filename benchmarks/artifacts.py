"""Exports made on demand and kept: ours through the exporter, the plain one through ``plain_export``.

A kept export is used again only while neither the checkpoint nor the code that made it has changed, so
that no run times an outdated graph.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.processes import python_code
from gliner2_lite.bundle.manifest import MANIFEST_NAME
from gliner2_lite.errors import ExportError, MissingExtraError

WEIGHTS = ("model.safetensors", "pytorch_model.bin")


def bundle_for(checkpoint: Path, cache: Path) -> Path:
    """Our bundle of ``checkpoint`` with both variants, exported into ``cache`` unless it is there."""
    out = cache / f"{checkpoint_key(checkpoint)}-ours-{_digest(_package_sources('gliner2_export'))}"
    if not (out / MANIFEST_NAME).is_file():
        _make_room(cache, out)
        _run([sys.executable, "-m", "gliner2_export", str(checkpoint), str(out)], out)
    return out


def plain_graphs_for(checkpoint: Path, cache: Path) -> Path:
    """The directory of the plain export of ``checkpoint``, made in ``cache`` unless it is there."""
    out = cache / f"{checkpoint_key(checkpoint)}-plain-{_digest([Path(__file__).parent / 'plain_export.py'])}"
    if not out.is_dir():
        _make_room(cache, out)
        code = python_code("benchmarks.plain_export")
        _run([sys.executable, "-c", code, str(checkpoint), str(out)], out)
    return out


def checkpoint_key(checkpoint: Path) -> str:
    """The checkpoint's folder name and a key that changes with its weights."""
    key = hashlib.sha256(str(checkpoint).encode())
    for name in WEIGHTS:
        if (checkpoint / name).is_file():
            stat = (checkpoint / name).stat()
            key.update(f"{stat.st_size}/{stat.st_mtime_ns}".encode())
    return f"{checkpoint.name}-{key.hexdigest()[:8]}"


def _package_sources(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise MissingExtraError(
            f"exporting needs {package}, which is not installed: run pip install -e '.[export]'"
        )
    root = Path(next(iter(spec.submodule_search_locations)))
    return sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _digest(files: list[Path]) -> str:
    key = hashlib.sha256()
    for path in files:
        key.update(path.read_bytes())
    return key.hexdigest()[:8]


def _make_room(cache: Path, out: Path) -> None:
    """Make ``cache`` and remove what older code made of the same checkpoint: each is close to a gigabyte."""
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.glob(out.name.rpartition("-")[0] + "-*"):
        shutil.rmtree(old)


def _run(command: list[str], out: Path) -> None:
    print(f"exporting {out}", file=sys.stderr, flush=True)
    done = subprocess.run(command, stdout=sys.stderr)
    if done.returncode != 0 or not out.is_dir():
        raise ExportError(f"the export to {out} failed (exit code {done.returncode}); its messages are above")
