"""Writing a bundle directory that is complete or not there at all.

The directory is built under a temporary name beside its destination and renamed as the last step; when
it replaces an older bundle, that one stays until the new one is complete.
"""

from __future__ import annotations

import contextlib
import errno
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gliner2_lite.bundle.manifest import MANIFEST_NAME
from gliner2_lite.errors import ExportError, GLiNER2LiteError

#: What a system says of a place where a bundle cannot be written, and the remedy.
NO_PLACE = {
    errno.ENOSPC: "free some space there",
    errno.EDQUOT: "free some of the quota",
    errno.EFBIG: "allow larger files there",
    errno.EACCES: "allow writing there",
    errno.EPERM: "allow writing there",
    errno.EROFS: "allow writing there",
    errno.ENOTDIR: "give a path whose parents are directories",
    errno.ENAMETOOLONG: "give a shorter name",
}


def check_destination(out: Path, *, overwrite: bool) -> None:
    """Raise ExportError when ``out`` is in the way, or no directory can be made there.

    Only bundles and empty directories are ever replaced.
    """
    try:
        _check(out, overwrite=overwrite)
    except ExportError:
        raise
    except (OSError, ValueError) as error:  # it may not be looked at, or is no name of a file
        reason = getattr(error, "strerror", None) or error
        raise ExportError(
            f"{str(out)[:200]!r} cannot be written ({reason}); choose another output directory"
        ) from error


def _check(out: Path, *, overwrite: bool) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        out.lstat()  # exists() hides, by the version of Python, what may not be looked at or has no such name
    if not out.exists() and not out.is_symlink():
        above = next(path for path in out.absolute().parents if path.exists() or path.is_symlink())
        if not above.is_dir():
            raise ExportError(
                f"{out} cannot be made, because {above} is not a directory; choose another output directory"
            )
        return
    if not out.is_dir() or out.is_symlink():
        raise ExportError(f"{out} exists and is not a directory; choose another output directory")
    if not any(out.iterdir()):
        return
    if not (out / MANIFEST_NAME).is_file():
        raise ExportError(f"{out} exists and is not a bundle (no {MANIFEST_NAME}); choose another directory")
    if not overwrite:
        raise ExportError(
            f"{out} already holds a bundle; give --overwrite to replace it, or another directory"
        )


@contextmanager
def staged_directory(out: Path) -> Iterator[Path]:
    """A fresh directory beside ``out`` that takes its place when the block ends, and vanishes if it fails.

    Raises ExportError when the block, or this function, cannot write: a full disk, a quota, no permission.
    """
    out = out.absolute()
    created = [path for path in (out.parent, *out.parent.parents) if not path.exists()]  # deepest first
    place = _beside(out, "partial")
    try:
        place.mkdir(parents=True)
        yield place
        _take_place(place, out)
    except BaseException as error:  # Ctrl-C included: nothing half-written stays
        shutil.rmtree(place, ignore_errors=True)
        for parent in created:
            with contextlib.suppress(OSError):  # somebody else put something into it meanwhile
                parent.rmdir()
        if isinstance(error, OSError) and (explained := _explained(error, place, out)):
            raise explained from error
        raise


def _explained(error: OSError, place: Path, out: Path) -> ExportError | None:
    """The error for a place that cannot be written; None for any other failure."""
    remedy = NO_PLACE.get(error.errno or 0)
    if remedy is None or isinstance(error, GLiNER2LiteError):
        return None
    named = Path(error.filename) if isinstance(error.filename, str) else place  # writes name no file
    if not (named.is_relative_to(place) or place.is_relative_to(named)):
        return None  # a file that is read, say, or a temporary one elsewhere: the error names it
    return ExportError(
        f"{out} cannot be written ({error.strerror}), so there is no bundle; {remedy}, or choose another "
        "output directory"
    )


def _take_place(place: Path, out: Path) -> None:
    if not out.exists():
        place.rename(out)
        return
    old = _beside(out, "old")
    out.rename(old)
    try:
        place.rename(out)
    except BaseException:
        old.rename(out)
        raise
    shutil.rmtree(old)


def _beside(out: Path, suffix: str) -> Path:
    return out.parent / f".{out.name}.{uuid.uuid4().hex[:8]}.{suffix}"
