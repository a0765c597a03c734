"""Repository id → the directory of its bundle in the Hub cache."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from gliner2_lite.bundle.kinds import other_kind
from gliner2_lite.bundle.manifest import MANIFEST_NAME, Bundle, read_bundle
from gliner2_lite.errors import BundleError, BundleNotFoundError, HubError, InputError
from gliner2_lite.hub.cache import check_downloads, converted_place
from gliner2_lite.hub.client import (
    Fetched,
    download_file,
    explained,
    is_current,
    list_files,
    lock,
    may_be_asked,
)
from gliner2_lite.hub.failures import no_bundle, no_safetensors
from gliner2_lite.hub.options import HubOptions, check_options

#: What a checkpoint may consist of; pickled weights are never fetched.
WEIGHTS_NAME = "model.safetensors"
CHECKPOINT_FILES = (
    "config.json", "encoder_config/config.json", WEIGHTS_NAME, "tokenizer.json", "tokenizer_config.json",
    "special_tokens_map.json", "added_tokens.json", "spm.model", "spiece.model", "sentencepiece.bpe.model",
    "vocab.txt", "vocab.json", "merges.txt", "README.md",
)  # fmt: skip


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
    check_options(options)
    manifest = _complete_in_cache(repo_id, variant, options, only)
    if manifest is None or not is_current(repo_id, MANIFEST_NAME, manifest, options):
        converted = _converted_before(repo_id, variant, options) if options.export else None
        if converted is not None and may_be_asked(options):
            config, place = converted
            if is_current(repo_id, "config.json", config, options):
                return place
        try:
            manifest = download_file(repo_id, MANIFEST_NAME, options)
        except HubError:
            if converted is None:
                raise
            return converted[1]
    if manifest is None:
        return _convert(repo_id, variant, options)
    bundle = read_bundle(manifest.path.parent)
    pinned = replace(options, revision=manifest.commit)
    fresh = set()
    needed = _needed(bundle, variant, only)
    for name in needed:
        if options.force_download or not (bundle.root / name).exists():
            fresh.add(name)
        if download_file(repo_id, name, pinned) is None:
            raise BundleNotFoundError(
                f"{repo_id} has no {name} at {manifest.commit}, though its {MANIFEST_NAME} names it: "
                "the upload was incomplete; push the bundle again"
            )
    check_downloads(bundle, needed, manifest.storage, manifest.commit, fresh=fresh, repo_id=repo_id)
    return bundle.root


def _needed(bundle: Bundle, variant: str | None, only: Collection[str] | None) -> Sequence[str]:
    """Names of the files to fetch. Raises InputError for a variant that the bundle has not."""
    chosen = bundle.choose(variant)
    return bundle.needed_files(chosen) if only is None else [name for name in only if name in bundle.files]


def _complete_in_cache(
    repo_id: str, variant: str | None, options: HubOptions, only: Collection[str] | None
) -> Fetched | None:
    """The cached manifest, when every file is beside it that is needed, and only news could be missing."""
    if not may_be_asked(options):
        return None
    try:
        manifest = download_file(repo_id, MANIFEST_NAME, replace(options, local_files_only=True))
        if manifest is None:
            return None
        bundle = read_bundle(manifest.path.parent)
        complete = all((bundle.root / name).exists() for name in _needed(bundle, variant, only))
    except (HubError, BundleError, InputError):  # nothing cached; the rest is told after the download
        return None
    return manifest if complete else None


# A repository without a bundle.


def _converted_before(repo_id: str, variant: str | None, options: HubOptions) -> tuple[Fetched, Path] | None:
    """The cached config.json and what an earlier ``export=True`` made of its commit, without the Hub."""
    cached_only = replace(options, local_files_only=True, force_download=False)
    try:
        config = download_file(repo_id, "config.json", cached_only)
    except HubError:
        return None
    if config is None:
        return None
    place = converted_place(config.storage, config.commit, variant, options.subfolder)
    return (config, place) if (place / MANIFEST_NAME).is_file() else None


def _convert(repo_id: str, variant: str | None, options: HubOptions) -> Path:
    """The bundle made of the repository's checkpoint, if asked to; it is made once and then kept."""
    files = list_files(repo_id, options)
    convertible = options.export and WEIGHTS_NAME in files
    config = download_file(repo_id, "config.json", options) if convertible else None
    if config is None:
        pickled = options.export and "pytorch_model.bin" in files and WEIGHTS_NAME not in files
        raise no_safetensors(repo_id) if pickled else no_bundle(repo_id, files)
    place = converted_place(config.storage, config.commit, variant, options.subfolder)
    if (place / MANIFEST_NAME).is_file() and not options.force_download:
        return place
    names = {name.partition("/")[0] for name in files}
    if (told := other_kind(config.path.parent, names)) is not None:  # before gigabytes are fetched
        raise BundleNotFoundError(f"{repo_id} cannot be converted: {told}")
    from gliner2_lite.hub.convert import convert_into, load_exporter

    exporter = load_exporter()  # before gigabytes are fetched
    pinned = replace(options, revision=config.commit)
    for name in CHECKPOINT_FILES:
        if name in files:
            download_file(repo_id, name, pinned)
    with explained(f"{place} could not be written", repo_id, options), lock(place):
        if (place / MANIFEST_NAME).is_file() and not options.force_download:
            return place  # another process was faster
        convert_into(exporter, config.path.parent, place, variant, overwrite=options.force_download)
    return place
