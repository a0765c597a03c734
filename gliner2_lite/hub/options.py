"""How a repository is fetched, and what a repository id looks like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from gliner2_lite.errors import InputError


@dataclass(frozen=True, slots=True)
class HubOptions:
    """Where and how a repository is fetched; names and defaults as in ``huggingface_hub.hf_hub_download``.

    ``export``: convert a repository that holds an original checkpoint, once, into the cache.
    """

    revision: str | None = None
    cache_dir: str | Path | None = None
    token: str | bool | None = None
    local_files_only: bool = False
    force_download: bool = False
    subfolder: str | None = None
    proxies: Mapping[str, str] | None = None
    export: bool = False


def check_options(options: HubOptions) -> None:
    """Raise InputError for options that exclude each other, or a subfolder outside the repository."""
    if options.force_download and options.local_files_only:
        raise InputError("force_download=True needs the Hub and local_files_only=True forbids it; give one")
    subfolder = options.subfolder
    if subfolder is not None:
        pure = PurePosixPath(subfolder)
        if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\\" in subfolder:
            raise InputError(
                f"subfolder must be a path inside the repository, as in 'onnx', not {subfolder!r}"
            )


def is_repo_id(name: str) -> bool:
    """True for ``org/name``."""
    return re.fullmatch(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", name) is not None
