"""tokenizer.json → the compact vocabulary file, where the runtime can give exactly the same ids from it.

A tokenizer qualifies by the types and options of its components, and then by agreement with ``tokenizers``
on many strings. One that does not keeps tokenizer.json, which every bundle has.
"""

from __future__ import annotations

import base64
import json
import logging
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer

from gliner2_export.vocabulary.agreement import disagreement
from gliner2_export.vocabulary.trie import edge_table
from gliner2_export.vocabulary.unicode_tables import clean_table, grapheme_classes, mark_order, split_kinds
from gliner2_lite.bundle.files import file_sha256
from gliner2_lite.bundle.manifest import MANIFEST_NAME, TOKENIZER_NAME, VOCABULARY_NAME, read_bundle
from gliner2_lite.errors import BundleError
from gliner2_lite.tokenizer.vocabulary import MAGIC, PREFIX, VERSION

log = logging.getLogger("gliner2_export")

ALIGNMENT = 64
TYPE_CODES = {"uint8": "B", "uint32": "I", "uint64": "Q", "float64": "d"}
LONGEST_PIECE = 1_000  # characters; a longer one is no vocabulary that was meant
Parts = tuple[dict[str, Any], dict[str, Any]]  # settings, arrays


class NotCompactError(Exception):
    """The tokenizer has a component that the compact form does not reproduce; the message names it."""


def write_compact(tokenizer_json: Path, out: Path) -> bool:
    """Write the compact form of ``tokenizer_json`` to ``out`` if it has one; returns whether it was written.

    Otherwise the reason is logged, and nothing is left at ``out``.
    """
    tokenizer = Tokenizer.from_file(str(tokenizer_json))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    try:
        out.write_bytes(compact_bytes(tokenizer))
        text = disagreement(tokenizer, out)
        if text is not None:
            raise NotCompactError(f"the compact form gives other ids for {text!r}")
    except (NotCompactError, BundleError) as error:  # BundleError: the runtime would not take it
        out.unlink(missing_ok=True)
        log.info("no compact vocabulary: %s; the runtime will read %s", error, tokenizer_json.name)
        return False
    return True


def add_to_bundle(root: Path) -> bool:
    """Give the bundle at ``root``, exported without one, a compact vocabulary; returns whether it has one."""
    bundle = read_bundle(root)
    out, new = root / VOCABULARY_NAME, root / (VOCABULARY_NAME + ".new")
    if not write_compact(root / TOKENIZER_NAME, new):
        return False
    new.replace(out)  # a process may have the old one mapped
    manifest = bundle.raw | {"vocabulary": VOCABULARY_NAME}
    record = {"size": out.stat().st_size, "sha256": file_sha256(out)}
    manifest["files"] = dict(sorted((bundle.raw["files"] | {VOCABULARY_NAME: record}).items()))
    staged = root / (MANIFEST_NAME + ".new")
    staged.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    staged.replace(root / MANIFEST_NAME)
    return True


def compact_bytes(tokenizer: Tokenizer) -> bytes:
    """The content of the compact file, not yet compared with the tokenizer.

    Raises:
        NotCompactError: a component is not reproduced.
    """
    # As the library writes it: defaults filled in, and scores as it has read them.
    source = json.loads(tokenizer.to_str())
    kind = source["model"]["type"]
    if kind == "Unigram":
        settings, arrays = _unigram(source)
    elif kind == "WordPiece":
        settings, arrays = _wordpiece(source)
    else:
        raise NotCompactError(f"model {kind}")
    return _pack(settings | _added_tokens(source["added_tokens"], tokenizer), arrays)


def _unigram(source: dict[str, Any]) -> Parts:
    model = source["model"]
    _options(model, {"type", "vocab", "unk_id", "byte_fallback"})
    unk_id = model["unk_id"]
    if unk_id is None:
        raise NotCompactError("Unigram without unk_id")
    vocabulary = model["vocab"]
    scores = np.array([score for _, score in vocabulary], np.float64)
    if not np.isfinite(scores).all():
        raise NotCompactError("Unigram with a score that is not finite")
    pieces = {piece: number for number, (piece, _) in enumerate(vocabulary)}  # of equal ones the last counts
    byte_ids = [pieces.get(f"<0x{byte:02X}>") for byte in range(256)] if model["byte_fallback"] else []
    steps, arrays = _normalizer(source["normalizer"])
    settings = {
        "model": "unigram",
        "unk_id": unk_id,
        "lowest_score": float(scores.min()),
        "byte_ids": byte_ids,
        "normalizer": steps,
        **_metaspace(source["pre_tokenizer"]),
    }
    return _with_trie(settings, arrays | {"scores": scores}, pieces, len(vocabulary))


def _wordpiece(source: dict[str, Any]) -> Parts:
    model = source["model"]
    _options(model, {"type", "vocab", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word"})
    if (source["normalizer"] or {}).get("type") != "BertNormalizer":
        raise NotCompactError("WordPiece without BertNormalizer")
    if source["pre_tokenizer"] != {"type": "BertPreTokenizer"}:
        raise NotCompactError("WordPiece without BertPreTokenizer")
    if model["unk_token"] not in model["vocab"] or not model["continuing_subword_prefix"]:
        raise NotCompactError("WordPiece without an unknown or continuation mark")
    starts, kinds = split_kinds()
    normalizer = json.dumps(source["normalizer"], sort_keys=True)
    settings = {
        "model": "wordpiece",
        "unk_id": model["vocab"][model["unk_token"]],
        "continuation": model["continuing_subword_prefix"],
        "longest_chunk": model["max_input_chars_per_word"],
        "normalizer": [["bert"]],
        **mark_order(normalizer),
    }
    arrays = clean_table(normalizer) | {"kind_starts": starts, "kind_values": kinds}
    return _with_trie(settings, arrays, model["vocab"], max(model["vocab"].values()) + 1)


def _with_trie(settings: dict[str, Any], arrays: dict[str, Any], pieces: dict[str, int], count: int) -> Parts:
    if "" in pieces or max(map(len, pieces)) > LONGEST_PIECE:
        raise NotCompactError("a piece that is empty or very long")
    keys, infos, slots = edge_table(pieces)
    return settings | {"slots": slots, "pieces": count}, arrays | {"edge_keys": keys, "edge_infos": infos}


def _normalizer(source: dict[str, Any] | None) -> tuple[list[list[Any]], dict[str, Any]]:
    """The steps of a normaliser as ``tokenizer.compact`` of the runtime reads them, and their arrays."""
    steps: list[list[Any]] = []
    arrays: dict[str, Any] = {}
    match source:
        case None:
            pass
        case {"type": "Sequence", "normalizers": parts}:
            for part in parts:
                inner, needed = _normalizer(part)
                if arrays and needed:
                    raise NotCompactError("two character maps")
                steps += inner
                arrays |= needed
        case {"type": "Strip", "strip_left": left, "strip_right": right}:
            steps.append(["strip", left, right])
        case {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": content}:
            steps.append(["spaces", content])
        case {"type": "Replace", "pattern": {"String": old}, "content": new} if old:
            steps.append(["replace", old, new])
        case {"type": "Precompiled", "precompiled_charsmap": encoded}:
            raw = base64.b64decode(encoded)
            size = int.from_bytes(raw[:4], "little")
            starts, classes = grapheme_classes()
            steps.append(["charsmap"])
            arrays = {
                "charsmap_units": np.frombuffer(raw, "<u4", size // 4, 4),
                "charsmap_texts": raw[4 + size :],
                "class_starts": starts,
                "class_values": classes,
            }
        case {"type": kind}:
            raise NotCompactError(f"normalizer {kind}")
    return steps, arrays


def _metaspace(source: dict[str, Any] | None) -> dict[str, Any]:
    match source:
        case {"type": "Sequence", "pretokenizers": [only]}:
            return _metaspace(only)
        case {"type": "Metaspace", "replacement": mark, "prepend_scheme": "always" | "never" as when, **rest}:
            return {"space_mark": mark, "prepend_mark": when == "always", "split_at_mark": rest["split"]}
    raise NotCompactError(f"pre-tokenizer {source and source['type']} with these options")


def _added_tokens(tokens: list[dict[str, Any]], tokenizer: Tokenizer) -> dict[str, Any]:
    """Added tokens in the order in which the library prefers them: special ones first."""
    result: dict[str, list[Any]] = {"added": [], "added_normalized": []}
    for token in sorted(tokens, key=lambda token: not token["special"]):
        if token["single_word"]:
            raise NotCompactError(f"added token {token['content']!r} with single_word")
        text, group = token["content"], "added"
        if token["normalized"]:
            text, group = _normalized(text, tokenizer), "added_normalized"
        if not text:
            raise NotCompactError(f"added token {token['content']!r} that normalises to nothing")
        number = tokenizer.token_to_id(token["content"])
        result[group].append([text, number, token["lstrip"], token["rstrip"]])
    numbers = [entry[1] for entries in result.values() for entry in entries]
    if len(set(numbers)) != len(numbers):
        raise NotCompactError("two added tokens with the same id")
    return result


def _normalized(text: str, tokenizer: Tokenizer) -> str:
    return text if tokenizer.normalizer is None else str(tokenizer.normalizer.normalize_str(text))


def _options(model: dict[str, Any], known: set[str]) -> None:
    """Refuse options that a later version of the library may have added, when they are set."""
    for name in model.keys() - known:
        if model[name]:
            raise NotCompactError(f"{model['type']} with {name}")


def _pack(settings: dict[str, Any], arrays: dict[str, Any]) -> bytes:
    """Header and arrays as one file; the largest possible header decides where arrays begin."""
    blobs = {
        name: np.frombuffer(value, np.uint8) if isinstance(value, bytes) else np.ascontiguousarray(value)
        for name, value in arrays.items()
    }
    begin = PREFIX.size + len(_dump(settings)) + 100 * (len(blobs) + 1)
    table, offset = {}, _aligned(begin)
    for name, blob in blobs.items():
        table[name] = [TYPE_CODES[blob.dtype.name], offset, len(blob)]
        offset = _aligned(offset + blob.nbytes)
    header = _dump(settings | {"arrays": table, "size": offset})
    content = bytearray(offset)
    prefix = PREFIX.pack(MAGIC, VERSION, len(header), zlib.crc32(header), 0)
    content[: len(prefix) + len(header)] = prefix + header
    for name, blob in blobs.items():
        begin = table[name][1]
        content[begin : begin + blob.nbytes] = blob.tobytes()
    return bytes(content)


def _dump(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _aligned(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT
