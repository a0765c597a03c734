"""Compiled graphs: a bundle's graph with its weights packed for one CPU and one onnxruntime.

A store is a directory of entries; an entry holds the graph, its weights and a record of what it was made
from and for (``compiling.py`` writes them). One that does not fit, in whatever way, is never used: the
portable graph always works. This module finds entries, without onnxruntime.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.bundle.manifest import Bundle, Variant
from gliner2_lite.machine.processors import cpu_features

STORE_NAME = "compiled"  # inside a bundle
CACHE_VARIABLE = "GLINER2_LITE_CACHE"
RECORD_NAME, GRAPH_NAME, DATA_NAME = "compiled.json", "model.onnx", "model.onnx_data"
RECORD_VERSION = 1
MAX_RECORD_BYTES = 1 << 16
#: Blocks of the weights that are compared at every load: cheap, and finds lost or foreign content.
SAMPLES, SAMPLE_BYTES = 16, 4096
#: Only in entries that a load made unasked; its time is that of the last use, to a day.
LAST_USED_NAME = "last-used"
DAY_SECONDS = 24 * 60 * 60
#: Session entries that change how a graph runs and not how its weights are packed.
HARMLESS = ("session.intra_op.", "session.inter_op.", "session.force_spinning_stop",
            "session.dynamic_block_base", "session.set_denormal_as_zero")  # fmt: skip

_warned: set[str] = set()


class Fingerprint(NamedTuple):
    """All that a compiled graph depends on. ``bundle`` digests the manifest's record of the graph."""

    bundle: str
    variant: str
    onnxruntime: str
    cpu: str
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The directory of the entry in its store."""
        import hashlib

        parts = (str(RECORD_VERSION), self.bundle, self.variant, self.onnxruntime, self.cpu, *self.options)
        return f"{self.variant}-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:20]}"


def fingerprint(
    bundle: Bundle, variant: Variant, entries: Mapping[str, str], *, runtime: str
) -> Fingerprint | None:
    """The fingerprint of a graph compiled for this bundle, this machine and onnxruntime ``runtime``.

    None where the CPU cannot be identified. Reads no weights.
    """
    cpu = cpu_features()
    if cpu is None:
        return None
    import hashlib  # loads OpenSSL: only where there is something to look for

    records = [f"{name} {bundle.files[name].size} {bundle.files[name].sha256}" for name in variant.files]
    return Fingerprint(
        bundle=hashlib.sha256("\n".join(records).encode()).hexdigest(),
        variant=variant.name,
        onnxruntime=runtime,
        cpu=cpu,
        options=tuple(f"{k}={v}" for k, v in sorted(entries.items()) if not k.startswith(HARMLESS)),
    )


def default_cache() -> Path | None:
    """The directory of ``$GLINER2_LITE_CACHE``, else the user's cache; None when there is no home."""
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named)
    try:
        if sys.platform == "darwin":
            return Path.home() / "Library" / "Caches" / "gliner2_lite"
        if os.name == "nt":
            return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "gliner2_lite"
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "gliner2_lite"
    except RuntimeError:  # no home directory
        return None


def stores_of(bundle: Bundle, cache: str | Path | None) -> list[Path]:
    """Where compiled graphs of a bundle may lie: beside it, and in the cache if there is one."""
    place = default_cache() if cache is None else Path(cache)
    return [bundle.root / STORE_NAME, *([] if place is None else [place])]


def find_compiled(wanted: Fingerprint, stores: Sequence[Path], *, hashes: bool = False) -> Path | None:
    """The graph of the first sound entry for ``wanted`` in ``stores``, else None.

    Warns, once per process and place, of entries that are damaged, and when a store has this graph only for
    another CPU or onnxruntime. ``hashes`` reads the weights as a whole; else sizes and samples are compared.
    """
    for store in stores:
        entry = store / wanted.name
        if is_directory(entry):
            fault = entry_fault(entry, wanted, hashes=hashes)
            if fault is None:
                _mark_used(entry)
                return entry / GRAPH_NAME
            warn_once(
                f"{entry} is damaged ({fault}) and is not used; remove it or run `gliner2-lite compile`"
            )
        elif strangers := list(_made_elsewhere(store, wanted)):
            warn_once(f"{store} has this model only compiled for {strangers[0]}; it is not used here")
    return None


def entry_fault(entry: Path, wanted: Fingerprint, *, hashes: bool = False) -> str | None:
    """What is wrong with ``entry``, or None: it is sound and made for ``wanted``."""
    record = read_record(entry)
    if record is None:
        return f"no readable {RECORD_NAME}"
    if record.get("made_for") != as_json(wanted):
        return "made for something else than its name says"
    for name in (GRAPH_NAME, DATA_NAME):
        known = record.get("files", {}).get(name)
        try:
            size = (entry / name).stat().st_size
            if not isinstance(known, dict) or size != known.get("size"):
                return f"{name} has {size} bytes"
            whole = hashes or name == GRAPH_NAME
            if (file_sha256(entry / name) if whole else sampled_sha256(entry / name)) != known.get(
                "sha256" if whole else "sampled"
            ):
                return f"the content of {name} changed"
        except OSError as error:
            return f"{name}: {error.strerror or error}"
    return None


def warn_once(message: str) -> None:
    """One line to the log, not repeated in this process."""
    if message not in _warned:
        _warned.add(message)
        import logging  # not needed by a start without trouble

        logging.getLogger("gliner2_lite").warning("%s", message)


def _made_elsewhere(store: Path, wanted: Fingerprint) -> Iterator[str]:
    """How the store's entries of the same graph differ from ``wanted``, one text for each that does."""
    with contextlib.suppress(OSError):
        for entry in sorted(store.glob(f"{wanted.variant}-*")):
            made_for = (read_record(entry) or {}).get("made_for")
            if isinstance(made_for, dict) and made_for.get("bundle") == wanted.bundle:
                version = made_for.get("onnxruntime")
                if version != wanted.onnxruntime:
                    yield f"onnxruntime {version}, not {wanted.onnxruntime}"
                elif made_for.get("cpu") != wanted.cpu:
                    yield "another CPU"


def read_record(entry: Path) -> dict[str, Any] | None:
    """The record of ``entry``, None when it has none that can be read."""
    path = entry / RECORD_NAME
    try:
        if path.stat().st_size > MAX_RECORD_BYTES:
            return None
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("files"), dict) else None


def as_json(wanted: Fingerprint) -> dict[str, Any]:
    """``wanted`` as a record holds it."""
    return {"record_version": RECORD_VERSION, **wanted._asdict(), "options": list(wanted.options)}


def sampled_sha256(path: Path) -> str:
    """SHA-256 of evenly spaced blocks, the first and the last among them."""
    import hashlib

    digest = hashlib.sha256()
    last = max(0, path.stat().st_size - SAMPLE_BYTES)
    with path.open("rb", buffering=0) as file:
        for step in range(SAMPLES):
            file.seek(last * step // (SAMPLES - 1))
            digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()


def _mark_used(entry: Path) -> None:
    with contextlib.suppress(OSError):  # an entry to keep has no mark, or the store cannot be written
        mark = entry / LAST_USED_NAME
        if time.time() - mark.stat().st_mtime > DAY_SECONDS:
            os.utime(mark)


def is_directory(path: Path) -> bool:
    """Whether ``path`` is a directory that may be looked at."""
    try:
        return path.is_dir()
    except OSError:  # no right to look
        return False
