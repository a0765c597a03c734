"""An embedded model's name, a directory or a repository id → the bundle's directory."""

from __future__ import annotations

import stat
from collections.abc import Collection
from pathlib import Path

from gliner2_lite.bundle.files import access
from gliner2_lite.errors import BundleNotFoundError, InputTypeError
from gliner2_lite.hub.options import HubOptions, is_repo_id

EMBEDDED = {"tiny": Path(__file__).parent.parent / "data" / "tiny"}


def locate(
    name: str | Path, variant: str | None, hub: HubOptions, *, only: Collection[str] | None = None
) -> Path:
    """The bundle directory of an embedded model's name, a directory, or a repository id.

    The string ``"tiny"`` is the embedded model wherever a program runs, so that nobody can put another one in
    its place by a folder in the working directory. A folder of that name is ``"./tiny"``, or a Path.

    Of a repository, the manifest is fetched and all that the variant needs, or the files ``only`` names.

    Raises:
        BundleNotFoundError: ``name`` is none of the three. BundleError: this user may not look there.
        InputTypeError: neither a string nor a path.
    """
    if not isinstance(name, str | Path):
        raise InputTypeError(f"a model is named by a string or a path, not {type(name).__name__}")
    if isinstance(name, str) and name in EMBEDDED:
        return EMBEDDED[name]
    path = Path(name)
    if _is_directory(path):
        # Messages show this path, in commands too, where the bare name would be the embedded model.
        return path.absolute() if str(path) in EMBEDDED else path
    if not isinstance(name, str) or not is_repo_id(name):
        raise BundleNotFoundError(
            f"{str(name)[:200]!r} is neither an existing directory, nor an embedded model "
            f"({', '.join(EMBEDDED)}), nor a repository id such as org/name"
        )
    from gliner2_lite.hub.fetch import download_bundle  # only here: a local start needs none of it

    return download_bundle(name, variant=variant, options=hub, only=only)


def _is_directory(path: Path) -> bool:
    """Whether ``path`` is one. Raises BundleError where this user may not know."""
    with access(path):
        try:
            return stat.S_ISDIR(path.stat().st_mode)
        except PermissionError:
            raise
        except (OSError, ValueError):  # not there, or no name of a file
            return False
