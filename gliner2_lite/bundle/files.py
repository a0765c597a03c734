"""The files of a bundle: compared with the manifest, with safe names and errors that say what to do.

Sizes are compared at every start. SHA-256 costs a read of the whole file, so it is compared on request and
after a download.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from gliner2_lite.errors import BundleError, BundleNotFoundError

if TYPE_CHECKING:
    from gliner2_lite.bundle.manifest import Bundle, FileRecord, Variant

HASH_CHUNK_BYTES = 1 << 20


def verify_files(bundle: Bundle, variant: Variant, *, hashes: bool) -> None:
    """Check the files that ``variant`` needs against the manifest: sizes, and SHA-256 if ``hashes``.

    Raises:
        BundleNotFoundError: a file is missing.
        BundleError: a file has another size or content than the manifest says.
    """
    for name in bundle.needed_files(variant):
        with access(bundle.root / name):
            _verify(bundle.path(name), bundle.files[name], hashes=hashes)


def _verify(path: Path, record: FileRecord, *, hashes: bool) -> None:
    if not path.is_file():
        raise BundleNotFoundError(f"{path} is missing though the manifest names it; get the bundle again")
    size = path.stat().st_size
    if size != record.size:
        raise BundleError(f"{path} has {size} bytes, the manifest says {record.size}; get the bundle again")
    if hashes and file_sha256(path) != record.sha256:
        raise BundleError(f"{path} was altered: its SHA-256 is not the manifest's; get the bundle again")


@contextmanager
def access(path: Path) -> Iterator[None]:
    """Turn an OSError within the block into a BundleError, about ``path`` if the OSError names no file."""
    try:
        yield
    except PermissionError as error:
        raise BundleError(
            f"{error.filename or path} may not be read ({error.strerror}); let this user read it and search "
            "the directories above it, or give another place"
        ) from error
    except OSError as error:
        if isinstance(error, BundleError):
            raise
        raise BundleError(f"{error.filename or path} cannot be read ({error.strerror})") from error


def data_path(graph: Path) -> Path:
    """Where the weights of an ONNX file lie when they are not inside it."""
    return graph.with_name(graph.name + "_data")


def graph_files(graph: Path) -> list[Path]:
    """An ONNX file and the weights beside it, if they are in a file of their own."""
    data = data_path(graph)
    return [graph, data] if data.exists() else [graph]


def graph_bytes(graph: Path) -> int:
    """Size of the files of a graph."""
    return sum(path.stat().st_size for path in graph_files(graph))


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as hex."""
    import hashlib  # loads OpenSSL, which a start that compares sizes does without

    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def safe_relative(name: str, root: Path, manifest: Path) -> str:
    """``name`` when it is a plain relative path that stays inside ``root``, else BundleError.

    ``manifest`` is the file that names it; the message begins with its path. A link may only lead to the blob
    store of the Hub cache that the snapshot belongs to.
    """
    pure = PurePosixPath(name)
    if not name or pure.is_absolute() or ".." in pure.parts or "\\" in name or ":" in name or "\0" in name:
        raise BundleError(f"{manifest}: path {name!r} leaves the bundle; paths must be relative")
    try:
        real, home = (root / name).resolve(), root.resolve()
        real.exists()  # a name that the file system does not take, or links in a circle
    except PermissionError:
        raise  # the name is sound
    except (OSError, RuntimeError, ValueError) as error:
        raise BundleError(f"{manifest}: {name[:80]!r} is not a path ({error})") from error
    allowed = [home]
    # …/snapshots/COMMIT, or a subfolder of it
    allowed.extend(parent.parent / "blobs" for parent in home.parents if parent.name == "snapshots")
    if not any(real.is_relative_to(base) for base in allowed):
        raise BundleError(f"{manifest}: path {name!r} leaves the bundle through a link")
    return name
