"""Additions to a repository's folder in the Hub cache: notes on checked files, and converted bundles.

Both lie in ``models--org--name/gliner2_lite/`` beside the client's own ``snapshots/``, so that deleting a
repository from the cache deletes them too.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Collection, Sequence
from pathlib import Path

from gliner2_lite import __version__
from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.bundle.manifest import FORMAT_VERSION, Bundle
from gliner2_lite.errors import BundleError

log = logging.getLogger("gliner2_lite")

FOLDER = "gliner2_lite"
#: What ``export=True`` makes when no variant is asked for.
CONVERTED_VARIANT = "int8"


def converted_place(storage: Path, commit: str, variant: str | None, subfolder: str | None) -> Path:
    """Where the bundle converted from a commit belongs: one per commit, exporter and variant."""
    parts = [commit, __version__, str(FORMAT_VERSION), variant or CONVERTED_VARIANT]
    if subfolder is not None:
        parts.append(subfolder.strip("/").replace("/", "--"))
    return storage / FOLDER / "-".join(parts)


def check_downloads(
    bundle: Bundle, names: Sequence[str], storage: Path, commit: str, *, fresh: Collection[str], repo_id: str
) -> None:
    """Compare files with the manifest's SHA-256, unless noted as checked and not ``fresh``; note them.

    A download that was interrupted before its check, or made by another tool, has no note and is checked
    at the next load. Where no note can be written (a read-only cache never loaded from), every load checks.

    Raises:
        BundleError: a file is not the one that the manifest describes. It is left in place.
    """
    note = storage / FOLDER / f"checked-{commit}.json"
    known = _read(note)
    checked = dict(known)
    for name in names:
        record, path = bundle.files[name], bundle.path(name)
        key = str(path.relative_to(storage)) if path.is_relative_to(storage) else name
        if name not in fresh and checked.get(key) == record.sha256:
            continue
        if path.stat().st_size != record.size or file_sha256(path) != record.sha256:
            if checked.pop(key, None) is not None:
                _write(note, checked)
            raise BundleError(
                f"{path} is not the file that the manifest of {repo_id} describes (its SHA-256 differs): "
                "the download or the cache is damaged; load it again with force_download=True "
                "(if that does not help, the repository itself holds a wrong file)"
            )
        checked[key] = record.sha256
    if checked != known:
        _write(note, checked)


def _read(note: Path) -> dict[str, str]:
    try:
        value = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # never written, or cut off: check again
        return {}
    return value if isinstance(value, dict) else {}


def _write(note: Path, checked: dict[str, str]) -> None:
    """Replace the note in one step, so that no reader sees half of it."""
    temporary: str | None = None
    try:
        note.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=note.parent, prefix=".checked-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(checked, file, indent=1, sort_keys=True)
        os.chmod(temporary, 0o644)
        os.replace(temporary, note)
    except OSError as error:
        log.info("%s could not be written (%s): the files are checked again at the next load", note, error)
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
