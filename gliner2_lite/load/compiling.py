"""Writing compiled graphs: only where there is room, complete or not at all, and old ones are cleared away.

A load that finds no compiled graph may make one unasked. It then leaves room for others, does not repeat an
attempt that was cut off on the same day, and removes what earlier loads made and nobody used for long.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from pathlib import Path

from gliner2_lite.bundle.files import file_sha256, graph_bytes
from gliner2_lite.graph.session import write_prepacked
from gliner2_lite.load.compiled import (
    DATA_NAME,
    DAY_SECONDS,
    GRAPH_NAME,
    LAST_USED_NAME,
    RECORD_NAME,
    Fingerprint,
    as_json,
    entry_fault,
    is_directory,
    read_record,
    sampled_sha256,
)
from gliner2_lite.machine.memory import free_memory, release_memory

log = logging.getLogger("gliner2_lite")

#: A half-made entry of this age was left behind by a process that ended.
ABANDONED_SECONDS = 600
PARTIAL = ".partial"
#: Packing takes about as much memory as the graph's files have bytes, and what is written has at most twice
#: as many; it counts as memory too where the store's file system is kept there.
MEMORY_FACTOR, DISK_FACTOR = 3, 2
#: What an unasked compilation leaves free on the disk.
DISK_RESERVE = 1 << 30
#: An entry that was made unasked is removed when it was not used for so long.
KEPT_SECONDS = 30 * DAY_SECONDS


def write_compiled(wanted: Fingerprint, store: Path, graph: Path, *, unasked: bool = False) -> Path | None:
    """Compile ``graph`` into ``store`` and return the compiled graph.

    None when another process is just doing that. The entry appears complete or not at all. Raises OSError
    when the store cannot be written or has no room (``unasked``: or memory is short), BundleError when
    onnxruntime fails.
    """
    entry, partial = store / wanted.name, store / f".{wanted.name}{PARTIAL}"
    size = graph_bytes(graph)
    if unasked:
        _check_memory(size)
    store.mkdir(parents=True, exist_ok=True)
    _check_disk(store, DISK_FACTOR * size + (DISK_RESERVE if unasked else 0))
    # Whoever was cut off may have been out of memory: unasked, that is not tried again at every start.
    if not _claim(partial, abandoned_after=DAY_SECONDS if unasked else ABANDONED_SECONDS):
        return None
    log.info("compiling %s for this machine, once, into %s", graph, entry)
    try:
        write_prepacked(graph, partial / GRAPH_NAME, entries=dict(o.split("=", 1) for o in wanted.options))
        write_record(partial, wanted)
        if unasked:
            (partial / LAST_USED_NAME).touch()
        if is_directory(entry):
            if entry_fault(entry, wanted) is None:
                return entry / GRAPH_NAME
            shutil.rmtree(entry)
        partial.rename(entry)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
        release_memory()
    if unasked:
        _clear_away(store)
    return entry / GRAPH_NAME


def keep_compiled(entry: Path) -> None:
    """Keep an entry that a load made unasked: somebody has asked for it now."""
    (entry / LAST_USED_NAME).unlink(missing_ok=True)


def write_record(entry: Path, wanted: Fingerprint) -> None:
    """Write the record of a complete entry, whose files then are on the disk."""
    files = {}
    for name in (GRAPH_NAME, DATA_NAME):
        path = entry / name
        path.touch(exist_ok=True)  # a graph of very small tensors has no file of weights
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        files[name] = {
            "size": path.stat().st_size,
            "sha256": file_sha256(path),
            "sampled": sampled_sha256(path),
        }
    record = {"made_for": as_json(wanted), "files": files}
    (entry / RECORD_NAME).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def _claim(partial: Path, *, abandoned_after: float) -> bool:
    """Make the directory ``partial``; False when another process has it, or left it not long ago."""
    for _ in range(2):
        try:
            partial.mkdir()
            return True
        except FileExistsError:
            try:
                if time.time() - partial.stat().st_mtime < abandoned_after:
                    return False
                # Of several that see it, one moves it; what it moves must still be the old one.
                aside = partial.with_name(f"{partial.name}-{os.getpid()}{PARTIAL}")
                partial.rename(aside)
                if time.time() - aside.stat().st_mtime < abandoned_after:
                    aside.rename(partial)
                    return False
            except OSError:
                continue  # the other one has just finished, or was faster
            shutil.rmtree(aside, ignore_errors=True)
    return False


def _check_memory(size: int) -> None:
    free = free_memory()
    if free is not None and free < MEMORY_FACTOR * size:
        raise OSError(f"{free / 1e6:.0f} MB of memory are free, {MEMORY_FACTOR * size / 1e6:.0f} MB needed")


def _check_disk(store: Path, needed: int) -> None:
    free = shutil.disk_usage(store).free
    if free < needed:
        raise OSError(f"{store} has {free / 1e6:.0f} MB left, {needed / 1e6:.0f} MB needed")


def _clear_away(store: Path) -> None:
    """Remove entries that were made unasked and not used for long, and what was left half-made."""
    now = time.time()
    try:
        for entry in list(store.iterdir()):
            try:
                if entry.name.startswith(".") and entry.name.endswith(PARTIAL):
                    old = now - entry.stat().st_mtime > DAY_SECONDS
                elif (entry / LAST_USED_NAME).is_file() and read_record(entry) is not None:
                    old = now - (entry / LAST_USED_NAME).stat().st_mtime > KEPT_SECONDS
                else:
                    continue
            except OSError:  # another process removes it too, or it is not ours to look into
                continue
            if old:
                log.info("removing %s, which was not used for long", entry)
                shutil.rmtree(entry, ignore_errors=True)
    except OSError as error:
        log.info("%s could not be cleared: %s", store, error)
