"""A name, directory or repository id → the parts of a loaded model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner2_lite.bundle import TOKENIZER_NAME, Bundle, Variant, read_bundle, verify_files
from gliner2_lite.errors import BundleNotFoundError, InputError
from gliner2_lite.heads import Heads
from gliner2_lite.hub import HubOptions as HubOptions
from gliner2_lite.hub import download_bundle, is_repo_id
from gliner2_lite.session import GraphSession, check_threads
from gliner2_lite.tokenizer import WordTokenizer

EMBEDDED = {"tiny": Path(__file__).parent / "data" / "tiny"}
VERIFY_MODES = ("hash", "size")


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """Everything a model needs to answer."""

    bundle: Bundle
    variant: Variant
    tokenizer: WordTokenizer
    session: GraphSession
    heads: Heads
    arguments: dict[str, Any]  # of from_pretrained, to load the same model again in a worker process


def locate(name: str | Path, variant: str | None, hub: HubOptions) -> Path:
    """The bundle directory of an embedded model's name, a directory, or a repository id.

    Raises:
        BundleNotFoundError: none of the three.
    """
    path = Path(name)
    if isinstance(name, str) and name in EMBEDDED and not path.is_dir():
        return EMBEDDED[name]
    if path.is_dir():
        return path
    if not isinstance(name, str) or not is_repo_id(name):
        raise BundleNotFoundError(
            f"{str(name)!r} is neither an existing directory, nor an embedded model ({', '.join(EMBEDDED)}), "
            "nor a repository id such as org/name"
        )
    return download_bundle(name, variant=variant, options=hub)


def load(root: Path, *, variant: str | None, threads: Any, verify: str) -> LoadedModel:
    """Check and load the bundle in ``root``.

    Raises:
        BundleError: a file is missing, damaged, or does not fit the others. InputError: bad arguments.
    """
    if verify not in VERIFY_MODES:
        raise InputError(f"verify must be one of {', '.join(map(repr, VERIFY_MODES))}, not {verify!r}")
    count = check_threads(threads)
    bundle = read_bundle(root)
    chosen = bundle.choose(variant)
    verify_files(bundle, chosen, hashes=verify == "hash")
    compact = None if bundle.vocabulary is None else bundle.path(bundle.vocabulary)
    return LoadedModel(
        bundle=bundle,
        variant=chosen,
        tokenizer=WordTokenizer(bundle.path(TOKENIZER_NAME), bundle.special_tokens, compact),
        session=GraphSession(bundle.path(chosen.graph), threads=count),
        heads=Heads(bundle.path(chosen.heads), bundle.config),
        # The files were verified just now: a worker checks their sizes.
        arguments={
            "repo_or_dir": str(root.resolve()),
            "variant": chosen.name,
            "threads": count,
            "verify": "size",
        },
    )
