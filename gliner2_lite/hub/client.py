"""Requests to the Hub, one function each. The only module that imports ``huggingface_hub``."""

from __future__ import annotations

import errno
import inspect
import logging
import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from gliner2_lite.errors import GLiNER2LiteError, HubError, InputError
from gliner2_lite.hub.failures import explain
from gliner2_lite.hub.options import HubOptions

log = logging.getLogger("gliner2_lite")

#: The cache is not ours to write to. A full disk is not among them: that must be told.
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)
#: Seconds to wait for the Hub where all it could say is that the cache is out of date.
PATIENCE = 2.0
#: What the client lets through though a file is cached: the proxy or the certificates are set up wrongly.
TOLD_ANYWAY = {"ProxyError", "SSLError", "OfflineModeIsEnabled"}


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file in the Hub cache: its path, the commit it belongs to, and the repository's folder."""

    path: Path
    commit: str
    storage: Path


@contextmanager
def explained(what: str, repo_id: str, options: HubOptions) -> Iterator[None]:
    """Turn every failure of the client in the block into a HubError: ``what`` failed, and what to do."""
    from huggingface_hub.errors import HfHubHTTPError

    # The transport's own errors (requests before 1.0, httpx since) are relatives of HfHubHTTPError.
    transport: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except (HfHubHTTPError, transport, OSError, ValueError) as error:
        if isinstance(error, GLiNER2LiteError):  # says all of it already
            raise
        raise explain(error, what, repo_id, revision=options.revision) from error


def download_file(repo_id: str, name: str, options: HubOptions) -> Fetched | None:
    """One file of a repository through the cache; None when the repository does not have it.

    Raises:
        HubError: see :func:`gliner2_lite.hub.fetch.download_bundle`.
        InputError: ``proxies`` with a client that does not take them.
    """
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

    arguments: dict[str, Any] = {
        "revision": options.revision,
        "subfolder": options.subfolder,
        "cache_dir": options.cache_dir,
        "token": options.token,
        "force_download": options.force_download,
    } | _proxies(options)

    def download(*, local_files_only: bool) -> Fetched | None:
        with explained(f"{repo_id} could not be loaded", repo_id, options):
            try:
                path = hf_hub_download(repo_id, name, local_files_only=local_files_only, **arguments)
            except LocalEntryNotFoundError:  # not in the cache: says nothing about the repository
                raise
            except EntryNotFoundError:
                return None
        return split_cache_path(Path(path), name, options.subfolder)

    try:
        return download(local_files_only=options.local_files_only)
    except HubError as error:
        if options.force_download or getattr(error.__cause__, "errno", None) not in READ_ONLY:
            raise
        log.warning("%s; using the commit that the cache holds", error)
        return download(local_files_only=True)


def may_be_asked(options: HubOptions) -> bool:
    """Whether the Hub would be asked for what the cache holds already: not offline, nor at a fixed commit."""
    from huggingface_hub import constants

    fixed = re.fullmatch(r"[0-9a-f]{40}", options.revision or "") is not None
    return not (options.local_files_only or options.force_download or fixed or constants.HF_HUB_OFFLINE)


def is_current(repo_id: str, name: str, cached: Fetched, options: HubOptions) -> bool:
    """Whether a file of the cache is to be used as it is, after one request that may take :data:`PATIENCE`.

    True when the Hub has the same commit still. Also, with a warning, when it is not reached, does not answer
    in time or fails. False when it has another commit or refuses.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.errors import HfHubHTTPError

    transport: type[Exception] = HfHubHTTPError.__bases__[0]
    proxies = _proxies(options)
    patience = PATIENCE
    with suppress(ValueError):  # the client's own variable says how long, where it is set
        patience = float(os.environ.get("HF_HUB_ETAG_TIMEOUT", PATIENCE))
    try:
        url = hf_hub_url(repo_id, name, subfolder=options.subfolder, revision=options.revision)
        metadata = get_hf_file_metadata(url, token=options.token, timeout=patience, **proxies)
    except (HfHubHTTPError, transport, OSError) as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        refused = isinstance(status, int) and status < 500
        if refused or TOLD_ANYWAY & {kind.__name__ for kind in type(error).__mro__}:
            return False
        log.warning(
            "the Hub could not be asked for a newer %s within %g s (%s); using the commit that the cache "
            "holds, %s (HF_HUB_OFFLINE=1 asks nobody)",
            repo_id, patience, type(error).__name__, cached.commit[:8],
        )  # fmt: skip
        return True
    except ValueError:  # of a name or a token: the download says it better
        return False
    return metadata.commit_hash == cached.commit


def split_cache_path(path: Path, name: str, subfolder: str | None) -> Fetched:
    """Commit and storage of ``path``, which is ``…/models--org--name/snapshots/COMMIT/[SUBFOLDER/]NAME``."""
    snapshot = path.parents[len(PurePosixPath(subfolder or "", name).parts) - 1]
    return Fetched(path, snapshot.name, snapshot.parent.parent)


def _proxies(options: HubOptions) -> dict[str, Any]:
    from huggingface_hub import hf_hub_download

    if options.proxies is None:
        return {}
    if "proxies" not in inspect.signature(hf_hub_download).parameters:
        raise InputError(
            "proxies= is not known to huggingface_hub 1.0 and later; set the environment variables "
            "HTTPS_PROXY and HTTP_PROXY, which every version reads"
        )
    return {"proxies": dict(options.proxies)}


def list_files(repo_id: str, options: HubOptions) -> Collection[str]:
    """Paths in the repository, or in its subfolder; none with ``local_files_only``.

    Raises:
        HubError: the Hub refused or was not reached.
    """
    from huggingface_hub import HfApi

    if options.local_files_only:
        return ()
    with explained(f"the files of {repo_id} could not be listed", repo_id, options):
        names = HfApi(token=options.token).list_repo_files(repo_id, revision=options.revision)
    if options.subfolder is None:
        return set(names)
    prefix = PurePosixPath(options.subfolder).as_posix() + "/"
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def check_token(repo_id: str, token: str | None) -> None:
    """Check that the Hub accepts ``token`` (None: the one of the environment or of a login).

    Raises:
        HubError: no token, or one that is refused.
    """
    from huggingface_hub import HfApi, get_token

    if (token or get_token()) is None:
        raise HubError(
            f"pushing to {repo_id} needs a token that may write: set HF_TOKEN or run `hf auth login`"
        )
    with explained(f"{repo_id} cannot be pushed to", repo_id, HubOptions()):
        HfApi(token=token).whoami()


def make_repository(repo_id: str, options: HubOptions, *, private: bool) -> None:
    """Make the repository and the branch ``options.revision`` where they do not exist yet.

    Raises the client's own errors: call it within :func:`explained`, like :func:`commit_files`.
    """
    from huggingface_hub import HfApi

    api = HfApi(token=options.token)
    # None: an existing repository stays as visible as it is, a new one follows the account's default.
    api.create_repo(repo_id, private=private or None, exist_ok=True)
    if options.revision is not None:
        api.create_branch(repo_id, branch=options.revision, exist_ok=True)


def commit_files(
    repo_id: str,
    options: HubOptions,
    *,
    added: Mapping[str, bytes | Path],
    deleted: Collection[str],
    message: str,
) -> str:
    """Upload ``added`` (path in the repository → content or file) and delete ``deleted`` in one commit.

    Returns the commit's address.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd(name, content if isinstance(content, bytes) else str(content))
        for name, content in added.items()
    ]
    operations += [CommitOperationDelete(path_in_repo=name) for name in sorted(deleted)]
    done = HfApi(token=options.token).create_commit(
        repo_id, operations, commit_message=message, revision=options.revision
    )
    return str(done.commit_url)


@contextmanager
def lock(place: Path) -> Iterator[None]:
    """A lock on ``place`` that one process holds at a time; its file, ``place.lock``, stays."""
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

    place.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(place.with_name(place.name + ".lock")):
        yield
