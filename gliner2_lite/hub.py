"""Repository id → local directory. The only module that imports ``huggingface_hub``, when needed."""

from __future__ import annotations

import re
from pathlib import Path

from gliner2_lite.bundle import MANIFEST_NAME, TOKENIZER_NAME, read_bundle
from gliner2_lite.errors import BundleNotFoundError, HubError

_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


def is_repo_id(name: str) -> bool:
    """True for ``org/name``."""
    return _REPO_ID.fullmatch(name) is not None


def download_bundle(
    repo_id: str,
    *,
    variant: str | None,
    revision: str | None = None,
    cache_dir: str | Path | None = None,
    token: str | bool | None = None,
    local_files_only: bool = False,
    force_download: bool = False,
) -> Path:
    """The directory of a repository's bundle in the Hub cache, with the files of one variant.

    Raises:
        BundleNotFoundError: the repository holds no bundle.
        HubError: it does not exist, access is refused, or it cannot be reached and is not cached.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    def fetch(patterns: list[str]) -> Path:
        try:
            return Path(
                snapshot_download(
                    repo_id,
                    revision=revision,
                    cache_dir=cache_dir,
                    token=token,
                    local_files_only=local_files_only,
                    force_download=force_download,
                    allow_patterns=patterns,
                )
            )
        except LocalEntryNotFoundError as error:
            raise HubError(
                f"{repo_id} is not in the cache and the Hub was not reached ({error}); check the network or "
                "download it once with local_files_only=False"
            ) from error
        except (HfHubHTTPError, HFValidationError) as error:
            raise HubError(f"{repo_id} could not be downloaded: {error}") from error

    root = fetch([MANIFEST_NAME])
    if not (root / MANIFEST_NAME).is_file():
        raise BundleNotFoundError(
            f"{repo_id} has no {MANIFEST_NAME}: it is not a gliner2_lite bundle. If it is an original "
            "GLiNER2 checkpoint, download it and convert it once with `gliner2-lite export CHECKPOINT OUT`"
        )
    bundle = read_bundle(root)
    chosen = bundle.choose(variant)
    vocabulary = [] if bundle.vocabulary is None else [bundle.vocabulary]
    return fetch([MANIFEST_NAME, TOKENIZER_NAME, *vocabulary, chosen.heads, *chosen.files])
