"""The manifest of a bundle, as checked types.

It is read first and trusted only after it is checked: format version, the type of every field, and paths
that stay inside the directory. ``files.py`` compares the files with it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, NoReturn, TypeVar

from gliner2_lite.bundle.files import access, safe_relative
from gliner2_lite.errors import BundleError, BundleNotFoundError, InputError
from gliner2_lite.schema.limits import MARKERS

Field = TypeVar("Field")

FORMAT_VERSION = 1
MANIFEST_NAME = "gliner2_lite.json"
HEADS_NAME = "heads.npz"
TOKENIZER_NAME = "tokenizer.json"
VOCABULARY_NAME = "vocabulary.bin"  # the name that an export gives it; the manifest's entry decides
QUALITY_NAME = "quality.json"
CARD_NAME = "README.md"
VARIANT_NAME = re.compile(r"[A-Za-z0-9][\w.-]*", re.ASCII)  # it becomes part of directory names
MAX_MANIFEST_BYTES = 1 << 20
DEFAULT_VARIANTS = ("int8", "fp32")  # the order in which from_pretrained(variant=None) chooses


class BundleConfig(NamedTuple):
    """The fields of a manifest's ``config`` that concern the encoder; the others are the architecture's."""

    hidden_size: int
    token_pooling: str
    max_positions: int | None


@dataclass(frozen=True, slots=True)
class Variant:
    """One graph of the bundle: ``graph`` is its path, ``files`` that path and its weight files.

    ``heads`` holds the head weights that NumPy needs, in the variant's own precision.
    """

    name: str
    graph: str
    files: tuple[str, ...]
    heads: str
    target: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    optimized: bool = False  # by the exporter, so that a session need not do it
    min_onnxruntime: str | None = None


class FileRecord(NamedTuple):
    """The manifest's entry for one file."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Bundle:
    """A checked manifest and the directory it describes. ``raw`` is the manifest as read.

    ``vocabulary`` is the file that stands in for tokenizer.json at run time, None where there is none.
    """

    root: Path
    architecture: str
    config: BundleConfig
    special_tokens: dict[str, int]
    variants: dict[str, Variant]
    files: dict[str, FileRecord]
    raw: dict[str, Any]
    vocabulary: str | None = None

    @property
    def manifest(self) -> Path:
        """The manifest's own file."""
        return self.root / MANIFEST_NAME

    def config_field(self, name: str, kind: type[Field]) -> Field:
        """A field of the manifest's ``config`` that an architecture needs.

        Raises:
            BundleError: it is missing, or of another type.
        """
        return _field(self.raw["config"], name, kind, "config.", self.manifest)

    def path(self, name: str) -> Path:
        """The file ``name`` of the manifest as a path inside the bundle."""
        return self.root / safe_relative(name, self.root, self.root / MANIFEST_NAME)

    def needed_files(self, variant: Variant) -> tuple[str, ...]:
        """Names of all files that ``variant`` is loaded from: graph, weights, heads, tokenizer."""
        vocabulary = () if self.vocabulary is None else (self.vocabulary,)
        return (*variant.files, variant.heads, TOKENIZER_NAME, *vocabulary)

    def choose(self, variant: str | None) -> Variant:
        """The variant asked for; None takes int8 where the bundle has it, else fp32.

        Raises:
            InputError: the bundle has no such variant.
        """
        if variant is None:
            variant = next((name for name in DEFAULT_VARIANTS if name in self.variants), None)
            if variant is None:
                variant = next(iter(self.variants))
        if variant not in self.variants:
            known = ", ".join(repr(name) for name in self.variants)
            raise InputError(f"{self.root} has no variant {variant!r}; write one of: {known}")
        return self.variants[variant]


def read_bundle(root: Path) -> Bundle:
    """Read and check the manifest of the bundle directory ``root`` (not yet its files).

    Raises:
        BundleNotFoundError: no directory, or no manifest in it.
        BundleError: the manifest is not JSON, not of this format version, or incomplete.
    """
    with access(root):
        return _parse(_manifest(root), root, root / MANIFEST_NAME)


def _manifest(root: Path) -> Any:
    manifest = root / MANIFEST_NAME
    if not root.is_dir():
        raise BundleNotFoundError(f"{root} is not a directory; give the directory of an exported bundle")
    with suppress(FileNotFoundError):
        manifest.stat()  # from Python 3.14 on, is_file() would hide that this user may not look
    if not manifest.is_file():
        from gliner2_lite.bundle.kinds import other_kind  # only here: a start needs none of it

        if (told := other_kind(root)) is not None:
            raise BundleNotFoundError(f"{root} has no {MANIFEST_NAME}: {told}")
        if (root / "config.json").is_file() or (root / "model.safetensors").is_file():
            raise BundleNotFoundError(
                f"{root} holds an original checkpoint and no {MANIFEST_NAME}; convert it once with "
                f'`gliner2-lite export {root} OUT` (needs: pip install "gliner2-lite[export]")'
            )
        raise BundleNotFoundError(f"{manifest} is missing; {root} is not a bundle")
    size = manifest.stat().st_size
    if size > MAX_MANIFEST_BYTES:
        raise BundleError(
            f"{manifest} has {size} bytes, more than {MAX_MANIFEST_BYTES}; it is not a manifest"
        )
    try:
        return json.loads(
            manifest.read_text(encoding="utf-8"), object_pairs_hook=_unique, parse_constant=_refuse
        )
    except (ValueError, RecursionError) as error:
        raise BundleError(f"{manifest} is not valid JSON ({error}); export or download it again") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of the manifest: readers differ in which of two equal keys they take."""
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = Counter(key for key, _ in pairs)
        raise ValueError(f"key {keys.most_common(1)[0][0]!r} stands twice in one object")
    return result


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no JSON number")


def _field(container: Any, key: str, kind: type[Field], where: str, manifest: Path) -> Field:
    if not isinstance(container, dict) or key not in container:
        raise BundleError(f"{manifest}: {where}{key} is missing; export or download the bundle again")
    value = container[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is int):
        raise BundleError(f"{manifest}: {where}{key} has the wrong type {type(value).__name__}")
    return value


def _parse(raw: Any, root: Path, manifest: Path) -> Bundle:
    def get(container: Any, key: str, kind: type[Field], where: str) -> Field:
        return _field(container, key, kind, where, manifest)

    version = get(raw, "format_version", int, "")
    if version != FORMAT_VERSION:
        raise BundleError(
            f"{manifest} has format version {version}, this gliner2_lite reads {FORMAT_VERSION}; "
            "export the checkpoint again or install the matching gliner2_lite"
        )
    architecture = get(raw, "architecture", str, "")
    section = get(raw, "config", dict, "")
    max_positions = section.get("max_positions")
    if max_positions is not None and (not isinstance(max_positions, int) or max_positions < 1):
        raise BundleError(f"{manifest}: config.max_positions must be null or a positive integer")
    config = BundleConfig(
        hidden_size=get(section, "hidden_size", int, "config."),
        token_pooling=get(section, "token_pooling", str, "config."),
        max_positions=max_positions,
    )
    if config.hidden_size < 1:
        raise BundleError(f"{manifest}: config.hidden_size must be positive")

    files = {}
    for name, entry in get(raw, "files", dict, "").items():
        safe_relative(name, root, manifest)
        where = f"files[{name!r}]."
        files[name] = FileRecord(get(entry, "size", int, where), get(entry, "sha256", str, where))

    variants = {}
    for name, entry in get(raw, "variants", dict, "").items():
        where = f"variants.{name}."
        if not VARIANT_NAME.fullmatch(name):
            raise BundleError(
                f"{manifest}: variant {name!r} must be named with letters, digits, '_', '.', '-'"
            )
        graph = get(entry, "graph", str, where)
        listed = tuple(dict.fromkeys([graph, *_strings(entry, "files", manifest, where)]))
        heads = str(entry.get("heads", HEADS_NAME))
        for file in (*listed, heads, TOKENIZER_NAME):
            if file not in files:
                raise BundleError(f"{manifest}: variant {name!r} needs {file!r}, which is not in files")
        variants[name] = Variant(
            name, graph, listed, heads, str(entry.get("target", "any")),
            _strings(entry, "inputs", manifest, where), _strings(entry, "outputs", manifest, where),
            entry.get("optimized") is True, _version(entry, manifest, where),
        )  # fmt: skip
    if not variants:
        raise BundleError(f"{manifest}: variants is empty; export the checkpoint again")

    tokens = get(raw, "special_tokens", dict, "")
    special = {token: get(tokens, token, int, "special_tokens.") for token in MARKERS}
    vocabulary = get(raw, "vocabulary", str, "") if raw.get("vocabulary") is not None else None
    if vocabulary is not None and vocabulary not in files:
        raise BundleError(f"{manifest}: vocabulary {vocabulary!r} is not in files")
    return Bundle(root, architecture, config, special, variants, files, raw, vocabulary)


def _strings(entry: dict[str, Any], key: str, manifest: Path, where: str) -> tuple[str, ...]:
    value = entry.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise BundleError(f"{manifest}: {where}{key} must be a list of strings")
    return tuple(value)


def _version(entry: dict[str, Any], manifest: Path, where: str) -> str | None:
    value = entry.get("min_onnxruntime")
    if value is not None and (not isinstance(value, str) or not re.fullmatch(r"\d+(\.\d+)+", value)):
        raise BundleError(f"{manifest}: {where}min_onnxruntime must be a version like '1.21', not {value!r}")
    return value
