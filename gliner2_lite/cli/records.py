"""Files and standard input → records: one text each, with its place and the keys beside it.

Nothing is kept and nothing read ahead. What cannot be read becomes a record with an error in its place,
so that results stay one to one with the input.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, NoReturn

from gliner2_lite.cli.sources import CSV, JSONL, LINES, STDIN, TEXT, Source, check_start
from gliner2_lite.errors import InputError

MAX_BYTES = 64 * 1024 * 1024  # of a line, CSV field or text file: bounds what a file without line ends costs
BOM = "\ufeff"
CONVERT = "convert it first, for example with iconv"


@dataclass(frozen=True, slots=True)
class Layout:
    """The keys of text, id and result in a record; with ``id_field`` None no id is required."""

    text_field: str = "text"
    id_field: str | None = None
    result_field: str = "result"


@dataclass(frozen=True, slots=True)
class Record:
    """One text of the input, or why there is none (``error``).

    ``keys`` are the record's keys, beside which the result is written; None where the input was a bare line.
    ``size`` is the number of bytes read for it.
    """

    file: str
    line: int | None
    size: int = 0
    text: str = ""
    keys: dict[str, Any] | None = None
    error: str | None = None

    @property
    def place(self) -> str:
        """File and line of the record, as shown in messages."""
        name = "standard input" if self.file == STDIN else self.file
        return name if self.line is None else f"{name}, line {self.line}"


@dataclass(frozen=True, slots=True)
class _Line:
    """A line as bytes with its end; ``content`` is None when it is longer than MAX_BYTES."""

    number: int
    size: int
    content: bytes | None


def read_records(sources: Iterable[Source], layout: Layout) -> Iterator[Record]:
    """The records of all sources, in order.

    Raises:
        InputError: a file cannot be opened or read, is UTF-16, or its CSV header does not fit.
    """
    for source in sources:
        read = READERS[source.format]
        try:
            if source.name == STDIN:
                yield from read(sys.stdin.buffer, source, layout)
            else:
                with open(source.name, "rb") as file:
                    yield from read(file, source, layout)
        except OSError as error:
            raise InputError(f"{source.name} cannot be read ({error.strerror or error})") from error


def _read_lines(file: BinaryIO, source: Source, layout: Layout) -> Iterator[Record]:
    """One text per line; a line's own end is not part of it, and an empty line is an empty text."""
    for line in _lines(file, source.name):
        make = partial(Record, source.name, line.number, line.size)
        try:
            text = _decode(line)
        except ValueError as error:
            yield make(error=str(error))
        else:
            yield make(text=text)


def _read_jsonl(file: BinaryIO, source: Source, layout: Layout) -> Iterator[Record]:
    """One object per line; blank lines are no records."""
    for line in _lines(file, source.name):
        make = partial(Record, source.name, line.number, line.size)
        try:
            text = _decode(line)
            keys = _parse(text) if text.strip() else None
        except ValueError as error:
            yield make(error=str(error))
        else:
            if keys is not None:
                yield _with_text(keys, layout, make)


def _read_csv(file: BinaryIO, source: Source, layout: Layout) -> Iterator[Record]:
    """Rows below a header; fields in quotes may hold delimiters, quotes and line ends."""
    import csv

    csv.field_size_limit(MAX_BYTES)
    row_size, last = 0, 0

    def decoded() -> Iterator[str]:
        nonlocal row_size, last
        for line in _lines(file, source.name):
            row_size, last = row_size + line.size, line.number
            # A bad byte must not end the row's quoting: it stays as a lone surrogate and is refused below.
            text = (b"\xff\n" if line.content is None else line.content).decode("utf-8", "surrogateescape")
            yield text.removeprefix(BOM) if line.number == 1 else text

    rows = csv.reader(decoded(), delimiter=source.delimiter, strict=True)
    header: list[str] | None = None
    while True:
        begin, row_size = last + 1, 0
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Record(source.name, begin, row_size, error=f"not valid CSV: {error}")
            continue
        make = partial(Record, source.name, begin, row_size)
        if not row:
            continue
        if header is None:
            header = _checked_header(row, source, layout)
        elif len(row) != len(header):
            yield make(error=f"{len(row)} fields, the header has {len(header)}; quote what holds "
                       f"{source.delimiter!r}")  # fmt: skip
        elif any(map(_is_broken, row)):
            yield make(error=f"not UTF-8; {CONVERT}")
        else:
            yield _with_text(dict(zip(header, row, strict=True)), layout, make)


def _read_text(file: BinaryIO, source: Source, layout: Layout) -> Iterator[Record]:
    """The whole file as one text."""
    content = file.read(MAX_BYTES + 1)
    make = partial(Record, source.name, None, len(content), keys={"file": source.name})
    try:
        check_start(content[:4], source.name)
        if len(content) > MAX_BYTES:
            raise ValueError(f"longer than {MAX_BYTES:,} bytes; split it")
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield make(error=f"not UTF-8 at byte {error.start} ({error.reason}); {CONVERT}")
    except ValueError as error:
        yield make(error=str(error))
    else:
        yield make(text=text)


READERS: dict[str, Callable[[BinaryIO, Source, Layout], Iterator[Record]]] = {
    LINES: _read_lines,
    JSONL: _read_jsonl,
    CSV: _read_csv,
    TEXT: _read_text,
}


def _lines(file: BinaryIO, name: str) -> Iterator[_Line]:
    """Line by line as they come, so that a pipe is served before it ends."""
    number = 0
    while content := file.readline(MAX_BYTES + 1):
        number += 1
        if number == 1:
            check_start(content[:4], "standard input" if name == STDIN else name)
        size = len(content)
        if size <= MAX_BYTES:
            yield _Line(number, size, content)
            continue
        while not content.endswith(b"\n") and (content := file.readline(MAX_BYTES)):
            size += len(content)
        yield _Line(number, size, None)


def _decode(line: _Line) -> str:
    if line.content is None:
        raise ValueError(f"longer than {MAX_BYTES:,} bytes; split it")
    try:
        text = line.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 at byte {error.start} ({error.reason}); {CONVERT}") from None
    if line.number == 1:
        text = text.removeprefix(BOM)
    return text.removesuffix("\n").removesuffix("\r")


def _parse(text: str) -> dict[str, Any]:
    """The object on a line of JSON Lines; ValueError says why there is none."""

    def refuse(word: str) -> NoReturn:
        raise ValueError(f"not valid JSON: {word} is no JSON number; write null")

    try:
        value = json.loads(text, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise ValueError(f"not valid JSON at column {error.colno}: {error.msg}") from None
    except RecursionError:
        raise ValueError("JSON that is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f'expected an object such as {{"text": "…"}}, not {_kind(value)}')
    return value


def _with_text(keys: dict[str, Any], layout: Layout, make: Callable[..., Record]) -> Record:
    """The record of an object or row, or an error that names the key that is wrong."""
    name = layout.text_field
    text = keys.get(name)
    if name not in keys:
        known = ", ".join(map(repr, keys)) or "none"
        error = f"no key {name!r} for the text (keys: {known}); name it with --text-field"
    elif not isinstance(text, str):
        error = f"the text in {name!r} must be a string, not {_kind(text)}"
    elif layout.id_field is not None and layout.id_field not in keys:
        error = f"no key {layout.id_field!r}, which --id-field names"
    elif layout.result_field in keys:
        error = f"a key {layout.result_field!r} is there already; name another with --result-field"
    else:
        return make(text=text, keys=keys)
    return make(keys=keys, error=error)


def _checked_header(row: list[str], source: Source, layout: Layout) -> list[str]:
    """The header, when every row below can be read by it."""
    header = [name.strip() for name in row]
    where = f"{source.name}, header"
    for name in (layout.text_field, layout.id_field):
        if name is not None and name not in header:
            raise InputError(
                f"{where}: no column {name!r} (columns: {', '.join(map(repr, header))}); --text-field and "
                "--id-field name columns, --delimiter the character between them"
            )
    if any(map(_is_broken, header)):
        raise InputError(f"{where}: not UTF-8; {CONVERT}")
    if len(set(header)) < len(header):
        raise InputError(f"{where}: a column name stands there twice; rename one")
    if layout.result_field in header:
        raise InputError(
            f"{where}: a column {layout.result_field!r} is there already; name another with --result-field"
        )
    return header


def _is_broken(value: str) -> bool:
    return not value.isascii() and any("\udc80" <= char <= "\udcff" for char in value)


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")
