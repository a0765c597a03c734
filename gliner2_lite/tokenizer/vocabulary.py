"""The compact vocabulary file: a JSON header over arrays that are used where the file is mapped.

    magic (8 bytes) | version u32 | header bytes u32 | CRC-32 of the header u32 | 0 u32 | header | arrays

All numbers are little-endian. The header names each array with its type, offset and length, and holds the
few settings and added tokens of the tokenizer. Nothing is built when it is opened: the pieces are a trie
whose edges lie in one hash table, written by the exporter.
"""

from __future__ import annotations

import json
import mmap
import struct
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gliner2_lite.errors import BundleError, BundleNotFoundError

MAGIC = b"GL2VOCAB"
VERSION = 1
PREFIX = struct.Struct("<8sIIII")
MAX_HEADER_BYTES = 1 << 22
TYPES = {"B": 1, "I": 4, "Q": 8, "d": 8}

# The key of an edge of the trie is (parent's number << 21) | code point; 0 marks a free slot. The root has
# number 1, any other node two more than the slot of the edge that leads to it.
ROOT = 1
CODE_POINT_BITS = 21
NODE_FACTOR, CHAR_FACTOR = 40_503, 2_654_435


def usable() -> bool:
    """Whether this machine reads the file as it is; otherwise tokenizer.json has to do."""
    return sys.byteorder == "little"


class VocabularyFile:
    """A compact vocabulary that was opened and checked. ``settings`` is its header."""

    def __init__(self, path: Path) -> None:
        """Map the file and check its header and where its arrays lie.

        Raises:
            BundleError: not such a file, of another version, truncated or altered.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except FileNotFoundError as error:
            raise BundleNotFoundError(f"{path} is missing; get the bundle again") from error
        except (OSError, ValueError) as error:  # ValueError: an empty file cannot be mapped
            raise BundleError(f"{path} cannot be read ({error}); get the bundle again") from error
        self._memory = memoryview(mapped)
        self.settings = self._header()

    def array(self, name: str) -> memoryview[Any]:
        """The array ``name`` as a typed view of the mapped file.

        Raises:
            BundleError: there is none, or it does not lie inside the file.
        """
        entry = self.setting("arrays", dict).get(name)
        if (
            not isinstance(entry, list)
            or len(entry) != 3
            or entry[0] not in TYPES
            or not all(isinstance(number, int) and number >= 0 for number in entry[1:])
        ):
            raise self.damaged(f"array {name!r} is not described")
        kind, offset, count = entry
        end = offset + count * TYPES[kind]
        if offset % TYPES[kind] or end > len(self._memory):
            raise self.damaged(f"array {name!r} does not lie inside the file")
        return self._memory[offset:end].cast(kind)

    def setting(self, name: str, kind: type) -> Any:
        """The value ``name`` of the header. Raises BundleError when it is missing or of another type."""
        value = self.settings.get(name)
        if not isinstance(value, kind):
            raise self.damaged(f"{name} is missing or not a {kind.__name__}")
        return value

    def damaged(self, what: str) -> BundleError:
        """The error for content that contradicts itself."""
        return BundleError(f"{self.path} is damaged ({what}); get the bundle again")

    def _header(self) -> dict[str, Any]:
        memory = self._memory
        if len(memory) < PREFIX.size or bytes(memory[: len(MAGIC)]) != MAGIC:
            raise BundleError(f"{self.path} is not a compact vocabulary; get the bundle again")
        _, version, size, checksum, _ = PREFIX.unpack(memory[: PREFIX.size])
        if version != VERSION:
            raise BundleError(
                f"{self.path} has version {version}, this gliner2_lite reads {VERSION}; "
                "export the checkpoint again or install the matching gliner2_lite"
            )
        header = bytes(memory[PREFIX.size : PREFIX.size + size])
        if size > MAX_HEADER_BYTES or len(header) != size or zlib.crc32(header) != checksum:
            raise self.damaged("its header is not what was written")
        try:
            settings = json.loads(header)
        except (ValueError, RecursionError) as error:
            raise self.damaged(f"its header is not JSON: {error}") from error
        if not isinstance(settings, dict):
            raise self.damaged("its header is not an object")
        if settings.get("size") != len(memory):
            raise self.damaged(f"{len(memory)} bytes instead of {settings.get('size')}")
        return settings


class PieceTrie:
    """The pieces of a vocabulary by their characters. Node numbers are opaque; start at ``ROOT``."""

    def __init__(self, file: VocabularyFile) -> None:
        self.keys = file.array("edge_keys")
        self.infos = file.array("edge_infos")  # (id of the piece that ends here + 1) * 2 + has children
        self.slots = file.setting("slots", int)
        self.pieces = file.setting("pieces", int)
        if not 0 < self.slots < len(self.keys) or len(self.keys) != len(self.infos):
            raise file.damaged("its edge table has another length")
        if self.keys[-1] != 0:
            raise file.damaged("its edge table has no end")

    def prefixes(self, codes: list[int], begin: int, node: int = ROOT) -> Iterator[tuple[int, int]]:
        """(end, id) of every piece that begins at ``begin`` of the code points, the shortest first.

        ``node`` is where in the trie to begin. Raises IndexError on a damaged table.
        """
        keys, infos, slots = self.keys, self.infos, self.slots
        for place in range(begin, len(codes)):
            code = codes[place]
            key = node << CODE_POINT_BITS | code
            slot = (node * NODE_FACTOR + code * CHAR_FACTOR) % slots
            while (edge := keys[slot]) != key:
                if not edge:
                    return
                slot += 1
            info = infos[slot]
            if info > 1:
                piece = (info >> 1) - 1
                if piece >= self.pieces:
                    raise IndexError(piece)
                yield place + 1, piece
            if not info & 1:
                return
            node = slot + 2

    def node(self, text: str) -> int | None:
        """The node that ``text`` leads to, None when no piece begins with it."""
        node = ROOT
        for code in map(ord, text):
            key = node << CODE_POINT_BITS | code
            slot = (node * NODE_FACTOR + code * CHAR_FACTOR) % self.slots
            while (edge := self.keys[slot]) != key:
                if not edge:
                    return None
                slot += 1
            node = slot + 2
        return node

    def id(self, text: str) -> int | None:
        """The id of the piece ``text``, None when there is none."""
        node = self.node(text)
        info = 0 if node is None or node == ROOT else self.infos[node - 2]
        return (info >> 1) - 1 if info > 1 else None
