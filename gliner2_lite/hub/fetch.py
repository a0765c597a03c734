"""Repository id → local directory, and back. The only module that imports ``huggingface_hub``."""

from __future__ import annotations

import errno
import hashlib
import inspect
import json
import logging
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from gliner2_lite.bundle.manifest import CARD_NAME, MANIFEST_NAME, read_bundle, verify_files
from gliner2_lite.errors import BundleNotFoundError, GLiNER2LiteError, HubError, InputError
from gliner2_lite.hub.cache import check_downloads, converted_place
from gliner2_lite.hub.failures import explain, no_bundle, no_safetensors
from gliner2_lite.load.locate import HubOptions

log = logging.getLogger("gliner2_lite")

_REPO_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
#: What a checkpoint may consist of; pickled weights are never fetched.
WEIGHTS_NAME = "model.safetensors"
CHECKPOINT_FILES = (
    "config.json", "encoder_config/config.json", WEIGHTS_NAME, "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "spm.model", "spiece.model", "sentencepiece.bpe.model",
    "vocab.txt", "vocab.json", "merges.txt", "README.md",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file in the Hub cache: its path, the commit it belongs to, and the repository's folder."""

    path: Path
    commit: str
    storage: Path


def is_repo_id(name: str) -> bool:
    """True for ``org/name``."""
    return _REPO_ID.fullmatch(name) is not None


def download_bundle(
    repo_id: str, *, variant: str | None, options: HubOptions, only: Collection[str] | None = None
) -> Path:
    """The directory of a repository's bundle in the Hub cache, with the files of one variant.

    ``only`` names the files to fetch instead, as far as the manifest has them. One request when all is
    cached, none when offline. All files are of the commit that the manifest came from. What was downloaded
    is compared with the manifest's SHA-256 once.

    Raises:
        BundleNotFoundError: the repository holds no bundle.
        BundleError: a downloaded file is not the one that the manifest describes.
        HubError: the repository does not exist, access is refused, or it cannot be reached and is not cached.
        InputError: no such variant, or options that exclude each other.
    """
    _check_options(options)
    try:
        manifest = fetch(repo_id, MANIFEST_NAME, options)
    except HubError:
        converted = _converted_before(repo_id, variant, options) if options.export else None
        if converted is None:
            raise
        return converted
    if manifest is None:
        return _convert(repo_id, variant, options)
    bundle = read_bundle(manifest.path.parent)
    pinned = replace(options, revision=manifest.commit)
    fresh = set()
    chosen = bundle.choose(variant)
    needed = bundle.needed_files(chosen) if only is None else [name for name in only if name in bundle.files]
    for name in needed:
        if options.force_download or not (bundle.root / name).exists():
            fresh.add(name)
        if fetch(repo_id, name, pinned) is None:
            raise BundleNotFoundError(
                f"{repo_id} has no {name} at {manifest.commit}, though its {MANIFEST_NAME} names it: "
                "the upload was incomplete; push the bundle again"
            )
    check_downloads(bundle, needed, manifest.storage, manifest.commit, fresh=fresh, repo_id=repo_id)
    return bundle.root


def fetch(repo_id: str, name: str, options: HubOptions) -> Fetched | None:
    """One file of a repository through the cache; None when the repository does not have it.

    Raises:
        HubError: see :func:`download_bundle`.
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
        with _explained(f"{repo_id} could not be loaded", repo_id, options):
            try:
                path = hf_hub_download(repo_id, name, local_files_only=local_files_only, **arguments)
            except LocalEntryNotFoundError:  # not in the cache: says nothing about the repository
                raise
            except EntryNotFoundError:
                return None
        return _fetched(Path(path), name, options.subfolder)

    try:
        return download(local_files_only=options.local_files_only)
    except HubError as error:
        if options.force_download or getattr(error.__cause__, "errno", None) not in READ_ONLY:
            raise
        log.warning("%s; using the commit that the cache holds", error)
        return download(local_files_only=True)


#: The cache is not ours to write to. A full disk is not among them: that must be told.
READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


def _fetched(path: Path, name: str, subfolder: str | None) -> Fetched:
    """``…/models--org--name/snapshots/COMMIT/[SUBFOLDER/]NAME`` taken apart."""
    snapshot = path.parents[len(PurePosixPath(subfolder or "", name).parts) - 1]
    return Fetched(path, snapshot.name, snapshot.parent.parent)


def _check_options(options: HubOptions) -> None:
    if options.force_download and options.local_files_only:
        raise InputError("force_download=True needs the Hub and local_files_only=True forbids it; give one")
    subfolder = options.subfolder
    if subfolder is not None:
        pure = PurePosixPath(subfolder)
        if not pure.parts or pure.is_absolute() or ".." in pure.parts or "\\" in subfolder:
            raise InputError(
                f"subfolder must be a path inside the repository, as in 'onnx', not {subfolder!r}"
            )


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


@contextmanager
def _explained(what: str, repo_id: str, options: HubOptions) -> Iterator[None]:
    """Every failure of the client in the block as a HubError that says what to do."""
    from huggingface_hub.errors import HfHubHTTPError

    # The transport's own errors (requests before 1.0, httpx since) are relatives of HfHubHTTPError.
    transport: type[Exception] = HfHubHTTPError.__bases__[0]
    try:
        yield
    except (HfHubHTTPError, transport, OSError, ValueError) as error:
        if isinstance(error, GLiNER2LiteError):  # says all of it already
            raise
        raise explain(error, what, repo_id, revision=options.revision, cache_dir=options.cache_dir) from error


# A repository without a bundle.


def _converted_before(repo_id: str, variant: str | None, options: HubOptions) -> Path | None:
    """What an earlier ``export=True`` left for the cached commit, without the Hub."""
    try:
        config = fetch(repo_id, "config.json", replace(options, local_files_only=True, force_download=False))
    except HubError:
        return None
    place = (
        None if config is None else converted_place(config.storage, config.commit, variant, options.subfolder)
    )
    return place if place is not None and (place / MANIFEST_NAME).is_file() else None


def _convert(repo_id: str, variant: str | None, options: HubOptions) -> Path:
    """The bundle made of the repository's checkpoint, if asked to; it is made once and then kept."""
    files = _list_files(repo_id, options)
    config = fetch(repo_id, "config.json", options) if options.export and WEIGHTS_NAME in files else None
    if config is None:
        pickled = options.export and "pytorch_model.bin" in files and WEIGHTS_NAME not in files
        raise no_safetensors(repo_id) if pickled else no_bundle(repo_id, files)
    place = converted_place(config.storage, config.commit, variant, options.subfolder)
    if (place / MANIFEST_NAME).is_file() and not options.force_download:
        return place
    from gliner2_lite.hub.convert import convert_into, load_exporter

    exporter = load_exporter()  # before gigabytes are fetched
    pinned = replace(options, revision=config.commit)
    for name in CHECKPOINT_FILES:
        if name in files:
            fetch(repo_id, name, pinned)
    with _explained(f"{place} could not be written", repo_id, options), _lock(place):
        if (place / MANIFEST_NAME).is_file() and not options.force_download:
            return place  # another process was faster
        convert_into(exporter, config.path.parent, place, variant, overwrite=options.force_download)
    return place


@contextmanager
def _lock(place: Path) -> Iterator[None]:
    """Held by one process at a time, as the client does for its own files."""
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

    place.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(place.with_name(place.name + ".lock")):
        yield


def _list_files(repo_id: str, options: HubOptions) -> Collection[str]:
    """Paths in the repository, or in its subfolder."""
    from huggingface_hub import HfApi

    if options.local_files_only:
        return ()
    with _explained(f"the files of {repo_id} could not be listed", repo_id, options):
        names = HfApi(token=options.token).list_repo_files(repo_id, revision=options.revision)
    if options.subfolder is None:
        return set(names)
    prefix = PurePosixPath(options.subfolder).as_posix() + "/"
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


# The way back: a bundle becomes a repository.

#: What the card of an exported bundle calls its own place; on the Hub that is the repository.
CARD_PLACE = "path/to/this/directory"


def check_push(repo_id: str, token: str | None = None) -> None:
    """Ask the Hub who the token belongs to: cheap, so that a long export does not end in a refusal.

    Raises:
        InputError: ``repo_id`` is no ``org/name``. HubError: no token, or one that is refused.
    """
    from huggingface_hub import HfApi, get_token

    if not is_repo_id(repo_id):
        raise InputError(f"{repo_id!r} is not a repository id; write org/name")
    if (token or get_token()) is None:
        raise HubError(
            f"pushing to {repo_id} needs a token that may write: set HF_TOKEN or run `hf auth login`"
        )
    with _explained(f"{repo_id} cannot be pushed to", repo_id, HubOptions()):
        HfApi(token=token).whoami()


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
    is uploaded; what the manifest of an older bundle there names and this one does not is deleted. In the
    uploaded card (and the manifest's record of it) the repository takes the directory's place. The directory
    itself is not changed.

    Raises:
        BundleError: ``root`` is not a whole bundle. HubError: the Hub refused or was not reached.
    """
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

    bundle = read_bundle(root)
    for variant in bundle.variants.values():
        verify_files(bundle, variant, hashes=True)
    check_push(repo_id, token)
    rewritten = _card_for(repo_id, bundle.root, bundle.raw)
    names = sorted({MANIFEST_NAME, *bundle.files})
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=rewritten.get(name, str(bundle.path(name))))
        for name in names
    ]
    api, there = HfApi(token=token), HubOptions(revision=revision, token=token)
    with _explained(f"{root} could not be pushed to {repo_id}", repo_id, there):
        # None: an existing repository stays as visible as it is, a new one follows the account's default.
        api.create_repo(repo_id, private=private or None, exist_ok=True)
        if revision is not None:
            api.create_branch(repo_id, branch=revision, exist_ok=True)
        old = _files_of_older_bundle(repo_id, there) - set(names)
        operations += [CommitOperationDelete(path_in_repo=name) for name in sorted(old)]
        done = api.create_commit(
            repo_id, operations, commit_message=message or "Upload gliner2_lite bundle", revision=revision
        )
    return str(done.commit_url)


def _files_of_older_bundle(repo_id: str, options: HubOptions) -> set[str]:
    """What the repository's manifest names and the repository has; nothing where there is no manifest."""
    present = set(_list_files(repo_id, options))
    if MANIFEST_NAME not in present:
        return set()
    with tempfile.TemporaryDirectory() as folder:  # not in the user's cache, which need not be writable
        manifest = fetch(repo_id, MANIFEST_NAME, replace(options, cache_dir=folder))
        try:
            named = {} if manifest is None else json.loads(manifest.path.read_bytes())["files"]
        except (ValueError, KeyError, TypeError):
            log.warning("the %s of %s cannot be read: files of the older bundle stay", MANIFEST_NAME, repo_id)
            return set()
    return present & set(named)


def _card_for(repo_id: str, root: Path, manifest: dict[str, Any]) -> dict[str, bytes]:
    """Card and manifest as they are to be uploaded, where the card shows how to load the bundle."""
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
