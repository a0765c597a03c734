"""The names after ``--input`` → what to open and in which format, checked before a model loads."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gliner2_lite.errors import InputError

STDIN = "-"
AUTO, LINES, JSONL, CSV, TEXT = "auto", "lines", "jsonl", "csv", "text"
FORMATS = (AUTO, LINES, JSONL, CSV, TEXT)
# What `auto` makes of a file's name, and which files of a folder a format takes.
SUFFIXES = {".jsonl": JSONL, ".ndjson": JSONL, ".csv": CSV, ".tsv": CSV}
FOLDER_SUFFIXES = {LINES: (".txt",), TEXT: (".txt",), JSONL: (".jsonl", ".ndjson"), CSV: (".csv", ".tsv")}
UTF16_STARTS = (b"\xff\xfe", b"\xfe\xff")
GZIP_START = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Source:
    """One file, or standard input under the name ``-``. ``size`` in bytes, None when not known."""

    name: str
    format: str
    delimiter: str = ","
    size: int | None = None


def plan_sources(
    names: Sequence[str], *, format: str, has_fields: bool, delimiter: str | None
) -> list[Source]:
    """Files and folders as sources, a folder's files sorted by their path.

    ``has_fields`` says that a text or id field was named: standard input is then JSON Lines.

    Raises:
        InputError: something is missing, not readable, UTF-16, compressed, or an empty folder.
    """
    if names.count(STDIN) > 1:
        raise InputError("--input - stands there twice; standard input can be read once")
    sources: list[Source] = []
    for name in names:
        if name == STDIN:
            chosen = (JSONL if has_fields else LINES) if format == AUTO else format
            sources.append(Source(name, chosen, delimiter or ","))
        elif Path(name).is_dir():
            chosen = TEXT if format == AUTO else format
            suffixes = FOLDER_SUFFIXES[chosen]
            candidates = [path for path in Path(name).rglob("*") if path.suffix.lower() in suffixes]
            files = sorted((path for path in candidates if path.is_file()), key=lambda path: path.parts)
            if not files:
                raise InputError(f"the folder {name} holds no file that ends in {' or '.join(suffixes)}")
            sources += [_source(str(path), chosen, delimiter) for path in files]
        else:
            sources.append(_source(name, format, delimiter))
    return sources


def check_start(start: bytes, name: str) -> None:
    """Raise InputError where input is not UTF-8 text at all: an error for each line would hide the cause."""
    if start.startswith(UTF16_STARTS) or b"\0" in start:
        raise InputError(
            f"{name} is not UTF-8, it looks like UTF-16 or binary: convert text with iconv -f UTF-16 -t UTF-8"
        )
    if start.startswith(GZIP_START):
        raise InputError(
            f"{name} is compressed: unpack it on the way, as in zcat FILE | gliner2-lite extract"
        )


def _source(name: str, format: str, delimiter: str | None) -> Source:
    suffix = Path(name).suffix.lower()
    chosen = SUFFIXES.get(suffix, LINES) if format == AUTO else format
    size = None
    try:
        status = os.stat(name)
        if stat.S_ISREG(status.st_mode):  # a named pipe must not be opened twice
            size = status.st_size
            with open(name, "rb") as file:
                start = file.read(4)
            if chosen != TEXT:  # a file that is one text has its error in its own record
                check_start(start, name)
    except OSError as error:
        raise InputError(
            f"--input {name} cannot be read ({error.strerror}): give a file or folder, or - for a pipe"
        ) from error
    return Source(name, chosen, delimiter or ("\t" if suffix == ".tsv" else ","), size)
