"""Uploading a bundle directory to a repository."""

from __future__ import annotations

import hashlib
import json
import logging
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import CARD_NAME, MANIFEST_NAME, read_bundle
from gliner2_lite.errors import InputError
from gliner2_lite.hub.client import (
    check_token,
    commit_files,
    download_file,
    explained,
    list_files,
    make_repository,
)
from gliner2_lite.hub.options import HubOptions, is_repo_id

log = logging.getLogger("gliner2_lite")

#: What the card of an exported bundle calls its own place; on the Hub that is the repository.
CARD_PLACE = "path/to/this/directory"
DEFAULT_MESSAGE = "Upload gliner2_lite bundle"


def check_push(repo_id: str, token: str | None = None) -> None:
    """Check that a push to ``repo_id`` may succeed: cheap, to be done before a long export.

    Raises:
        InputError: ``repo_id`` is no ``org/name``. HubError: no token, or one that is refused.
    """
    if not is_repo_id(repo_id):
        raise InputError(f"{repo_id!r} is not a repository id; write org/name")
    check_token(repo_id, token)


def push_bundle(
    root: Path,
    repo_id: str,
    *,
    private: bool = False,
    token: str | None = None,
    revision: str | None = None,
    message: str | None = None,
) -> str:
    """Upload the bundle directory ``root`` in one commit, every file checked before; returns its address.

    The repository and the branch ``revision`` are made when they do not exist. Only what the manifest names
    is uploaded; what the manifest of an older bundle there names and this one does not is deleted. The
    uploaded card names the repository instead of a directory, and the uploaded manifest has that card's size
    and hash. The directory ``root`` is not changed.

    Raises:
        BundleError: ``root`` is not a whole bundle. HubError: the Hub refused or was not reached.
        InputError: ``repo_id`` is no ``org/name``.
    """
    bundle = read_bundle(root)
    for variant in bundle.variants.values():
        verify_files(bundle, variant, hashes=True)
    check_push(repo_id, token)
    rewritten = card_for(repo_id, bundle.root, bundle.raw)
    added = {
        name: rewritten[name] if name in rewritten else bundle.path(name)
        for name in sorted({MANIFEST_NAME, *bundle.files})
    }
    options = HubOptions(revision=revision, token=token)
    with explained(f"{root} could not be pushed to {repo_id}", repo_id, options):
        make_repository(repo_id, options, private=private)
        older = _files_of_older_bundle(repo_id, options)
        return commit_files(
            repo_id, options, added=added, deleted=older - set(added), message=message or DEFAULT_MESSAGE
        )


def _files_of_older_bundle(repo_id: str, options: HubOptions) -> set[str]:
    """What the repository's manifest names and the repository has; nothing where there is no manifest."""
    present = set(list_files(repo_id, options))
    if MANIFEST_NAME not in present:
        return set()
    with tempfile.TemporaryDirectory() as folder:  # not in the user's cache, which need not be writable
        manifest = download_file(repo_id, MANIFEST_NAME, replace(options, cache_dir=folder))
        try:
            named = {} if manifest is None else json.loads(manifest.path.read_bytes())["files"]
        except (ValueError, KeyError, TypeError):
            log.warning("the %s of %s cannot be read: files of the older bundle stay", MANIFEST_NAME, repo_id)
            return set()
    return present & set(named)


def card_for(repo_id: str, root: Path, manifest: dict[str, Any]) -> dict[str, bytes]:
    """Card and manifest as they are to be uploaded, by name; none where the bundle has no card."""
    card = root / CARD_NAME
    if CARD_NAME not in manifest["files"] or not card.is_file():
        return {}
    text = card.read_bytes().replace(CARD_PLACE.encode(), repo_id.encode())
    record = {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
    changed = manifest | {"files": manifest["files"] | {CARD_NAME: record}}
    return {
        CARD_NAME: text,
        MANIFEST_NAME: (json.dumps(changed, indent=2, ensure_ascii=False) + "\n").encode(),
    }
