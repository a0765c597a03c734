"""Damaged compact vocabularies: an error that names the file, never a crash or other ids unnoticed."""

from __future__ import annotations

import json
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import BundleError
from gliner2_lite.bundle.manifest import VOCABULARY_NAME
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.tokenizer.compact import CompactTokenizer
from gliner2_lite.tokenizer.vocabulary import MAGIC, PREFIX, VERSION
from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

DATA = (EMBEDDED["tiny"] / VOCABULARY_NAME).read_bytes()
HEADER_BYTES = PREFIX.unpack(DATA[: PREFIX.size])[2]
HEADER: dict[str, Any] = json.loads(DATA[PREFIX.size : PREFIX.size + HEADER_BYTES])


def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "vocabulary.bin"
    path.write_bytes(data)
    return path


def with_header(header: dict[str, Any]) -> bytes:
    """The file with another header, as someone would write it who knows about its checksum."""
    new = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    begin = min(entry[1] for entry in HEADER["arrays"].values())
    assert PREFIX.size + len(new) <= begin
    start = PREFIX.pack(MAGIC, VERSION, len(new), zlib.crc32(new), 0) + new
    return start.ljust(begin, b"\0") + DATA[begin:]


def test_the_rewritten_header_of_these_tests_is_a_good_one(tmp_path: Path) -> None:
    assert CompactTokenizer(written(tmp_path, with_header(HEADER))).ids("person")


@pytest.mark.parametrize("size", [0, 1, 8, PREFIX.size, PREFIX.size + 10, len(DATA) // 2, len(DATA) - 1])
def test_truncated(size: int, tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="vocabulary.bin"):
        CompactTokenizer(written(tmp_path, DATA[:size]))


def test_longer(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="bytes instead of"):
        CompactTokenizer(written(tmp_path, DATA + b"\0"))


def test_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="is missing"):
        CompactTokenizer(tmp_path / "nothing.bin")


def test_another_version_or_file(tmp_path: Path) -> None:
    later = DATA[:8] + struct.pack("<I", VERSION + 1) + DATA[12:]
    with pytest.raises(BundleError, match=f"version {VERSION + 1}, this gliner2_lite reads {VERSION}"):
        CompactTokenizer(written(tmp_path, later))
    with pytest.raises(BundleError, match="not a compact vocabulary"):
        CompactTokenizer(written(tmp_path, b"PK\3\4" + DATA[4:]))


def test_any_altered_byte_of_the_header(tmp_path: Path) -> None:
    for place in range(8, PREFIX.size + HEADER_BYTES, 97):
        if PREFIX.size - 4 <= place < PREFIX.size:
            continue  # reserved
        altered = bytearray(DATA)
        altered[place] ^= 1
        with pytest.raises(BundleError, match="vocabulary.bin"):
            CompactTokenizer(written(tmp_path, bytes(altered)))


def changed(**changes: Any) -> dict[str, Any]:
    return HEADER | changes


def with_array(name: str, entry: object) -> dict[str, Any]:
    return HEADER | {"arrays": HEADER["arrays"] | {name: entry}}


KEYS = HEADER["arrays"]["edge_keys"]


@pytest.mark.parametrize(
    "header",
    [
        with_array("edge_keys", None),
        with_array("edge_keys", ["Q", KEYS[1], KEYS[2], 1]),
        with_array("edge_keys", ["P", KEYS[1], KEYS[2]]),
        with_array("edge_keys", ["Q", KEYS[1] + 1, KEYS[2] - 1]),
        with_array("edge_keys", ["Q", -8, 4]),
        with_array("edge_keys", ["Q", KEYS[1], 1 << 60]),
        with_array("edge_keys", ["Q", KEYS[1], KEYS[2] - 1]),
        with_array("edge_infos", ["I", 0, 0]),
        with_array("clean_starts", ["I", 0, 0]),
        with_array("kind_starts", ["I", 64, 1]),
        changed(model="bpe"),
        changed(model=3),
        changed(arrays=[]),
        changed(slots=0),
        changed(slots=1 << 40),
        changed(unk_id=-1),
        changed(unk_id=10**9),
        changed(normalizer=[["nfc"]]),
        changed(normalizer=["bert"]),
        changed(normalizer=[["strip", 1, 2]]),
        changed(added=[["[E]", "1", False, False]]),
        changed(added=[["", 1, False, False]]),
        changed(added=[["[E]", -1, False, False]]),
        {key: value for key, value in HEADER.items() if key != "mark_ranks"},
    ],
)
def test_headers_that_contradict_the_file(header: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="vocabulary.bin is damaged"):
        CompactTokenizer(written(tmp_path, with_header(header)))


def test_ids_that_the_manifest_does_not_have(tmp_path: Path) -> None:
    added = [[text, number + (text == "[E]"), *rest] for text, number, *rest in HEADER["added"]]
    path = written(tmp_path, with_header(changed(added=added)))
    expected = {"[E]": next(entry[1] for entry in HEADER["added"] if entry[0] == "[E]")}
    with pytest.raises(BundleError, match=r"vocabulary.bin: \[E\] has id"):
        WordTokenizer(tmp_path / "unread.json", expected, path)


@pytest.mark.parametrize("name", sorted(HEADER["arrays"]))
def test_altered_arrays_never_crash(name: str, tmp_path: Path) -> None:
    """Their content is what the manifest's SHA-256 is for; without it, ids stay in range."""
    kind, offset, count = HEADER["arrays"][name]
    size = count * {"B": 1, "I": 4, "Q": 8}[kind]
    random_ = random.Random(name)
    limit = max(HEADER["pieces"], *(entry[1] + 1 for entry in HEADER["added"]))
    for fill in (b"\xff" * size, b"\0" * size, random_.randbytes(size)):
        path = written(tmp_path, DATA[:offset] + fill + DATA[offset + size :])
        try:
            ids = [
                number
                for word in ("Ann", "naïve", "字…", "[E]")
                for number in CompactTokenizer(path).ids(word)
            ]
        except BundleError as error:
            assert "vocabulary.bin is damaged" in str(error)
        else:
            assert all(0 <= number < limit for number in ids)
