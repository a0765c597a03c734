"""Errors for failures of the Hub: their messages name the cause and what to do about it."""

from __future__ import annotations

import errno
from collections.abc import Collection

from gliner2_lite.bundle.kinds import describe
from gliner2_lite.bundle.manifest import MANIFEST_NAME
from gliner2_lite.errors import BundleNotFoundError, HubError

EXTRA = 'pip install "gliner2-lite[export]"'
#: errno → what to do; the client lets these through from the disk.
DISK = {
    errno.ENOSPC: "the disk is full: free some space, or put the cache elsewhere (cache_dir= or HF_HOME)",
    errno.EDQUOT: "the disk quota is used up: free some space, or set cache_dir= or HF_HOME to another disk",
    errno.EROFS: "the cache is read-only: load once where it can be written, or set cache_dir= or HF_HOME",
    errno.EACCES: "the cache may not be written: set cache_dir= or HF_HOME to a directory of yours",
    errno.EPERM: "the cache may not be written: set cache_dir= or HF_HOME to a directory of yours",
}


def explain(error: Exception, what: str, repo_id: str, *, revision: str | None) -> HubError:
    """A HubError for a failure of the client. ``what`` says what was tried."""
    at = f" at revision {revision!r}" if revision else ""
    return HubError(f"{what}{at}: {_remedy(error, repo_id, revision)} ({_summary(error)})")


def _remedy(error: Exception, repo_id: str, revision: str | None) -> str:
    # By name, so that this module needs no import of the client. A cause says more than its wrapper.
    chain = [error]
    while (cause := chain[-1].__cause__) is not None and isinstance(cause, Exception) and len(chain) < 8:
        chain.append(cause)
    names = {kind.__name__ for link in chain for kind in type(link).__mro__}
    status = next((code for link in chain if (code := _status(link)) is not None), None)
    for link in chain:
        if isinstance(link, OSError) and link.errno in DISK and status is None:
            return DISK[link.errno]
    if "GatedRepoError" in names:
        return (
            "access is restricted: accept its conditions on the Hub, then give token= or set HF_TOKEN "
            "to a token of that account"
        )
    if "RevisionNotFoundError" in names:
        return f"there is no branch, tag or commit {revision!r}: check the name"
    if status == 401 and "RepositoryNotFoundError" not in names:
        return "the token was refused: set HF_TOKEN or token= to a valid one"
    if "RepositoryNotFoundError" in names:
        return (
            "there is no such repository, or it is private: check the name, or set HF_TOKEN or token= to a "
            "token that may read it"
        )
    if status == 403:
        return "the token does not have this permission: use one that has, through HF_TOKEN or token="
    if status == 429:
        return "too many requests: wait a few minutes, or log in for a higher limit (HF_TOKEN)"
    if status is not None and status >= 500:
        return f"the Hub answered {status}: it is a failure on its side, try again later"
    if "HFValidationError" in names:
        return "this is not a valid name: write org/name"
    if "OfflineModeIsEnabled" in names or ("LocalEntryNotFoundError" in names and len(chain) == 1):
        return (
            f"{repo_id} is not in the cache and the Hub may not be asked: download it once with "
            "HF_HUB_OFFLINE unset and local_files_only=False, with the same cache, revision and variant"
        )
    if "LocalEntryNotFoundError" in names:
        return (
            f"{repo_id} is not in the cache and the Hub was not reached: check the network, the proxy "
            "(HTTPS_PROXY) and HF_ENDPOINT"
        )
    return "the connection failed or the answer was not complete: try again, what has arrived is kept"


def _status(error: Exception) -> int | None:
    status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) else None


def _summary(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


def no_safetensors(repo_id: str) -> BundleNotFoundError:
    """The error for ``export=True`` on a checkpoint whose weights are pickled."""
    return BundleNotFoundError(
        f"{repo_id} has its weights only as pytorch_model.bin, a pickle, which is not loaded unasked: if "
        "you trust it, download it and run `gliner2-lite export DIR OUT`, or publish it as model.safetensors"
    )


def no_bundle(repo_id: str, files: Collection[str]) -> BundleNotFoundError:
    """The error for a repository without manifest: what it holds instead, as far as its ``files`` tell."""
    start = f"{repo_id} has no {MANIFEST_NAME}: "
    folders = sorted(name.rpartition("/")[0] for name in files if name.endswith(f"/{MANIFEST_NAME}"))
    if folders:
        return BundleNotFoundError(
            f"{start}its bundles are in folders; give one of them as subfolder=: {', '.join(folders)}"
        )
    told = describe({name for name in files if "/" not in name})
    if told is not None:
        return BundleNotFoundError(f"{start}{told}")
    graphs = {name.rpartition("/")[2] for name in files if name.endswith(".onnx")}
    convert = f"`gliner2-lite export DIR OUT` ({EXTRA})"
    if {"model.safetensors", "pytorch_model.bin"} & set(files):
        return BundleNotFoundError(
            f"{start}it holds an original checkpoint. Convert it once, into the cache with "
            f"from_pretrained({repo_id!r}, export=True), or into a directory: "
            f"`hf download {repo_id} --local-dir DIR` and {convert}"
        )
    if graphs:
        kind = (
            "the four graphs of gliner2-onnx"
            if "span_rep.onnx" in graphs
            else "an ONNX export for another runtime"
        )
        return BundleNotFoundError(
            f"{start}it holds {kind} ({', '.join(sorted(graphs)[:4])}), without the model's count head, so "
            "the model's answers cannot be had from it. Convert the checkpoint that it was made from, as in "
            f'from_pretrained("fastino/gliner2-base-v1", export=True), or {convert}'
        )
    return BundleNotFoundError(
        f"{start}it is not a gliner2_lite bundle. If it is an original GLiNER2 checkpoint, download "
        f"it and convert it once with {convert}"
    )
