"""Writing results: whole lines only, and an output file appears complete or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from gliner2_lite.cli.records import Layout, Record
from gliner2_lite.cli.stopping import StopSignals
from gliner2_lite.errors import GLiNER2LiteError, InputError

PART = ".part"


class Output:
    """Writes whole lines, each at once, so that a reader of a pipe sees every result without delay."""

    def __init__(self, file: BinaryIO, signals: StopSignals) -> None:
        self._file = file
        self._signals = signals
        self.size = 0  # bytes of whole lines

    def write(self, lines: str) -> None:
        """Write ``lines``, which end in a line end. A lone surrogate becomes its JSON escape."""
        data = lines.encode("utf-8", "backslashreplace")
        with self._signals.whole():
            self._file.write(data)
            self._file.flush()
            self.size += len(data)


@contextmanager
def open_output(name: str | None, signals: StopSignals) -> Iterator[Output]:
    """Standard output, or the file ``name``, which appears when everything is written.

    Until then the lines are in ``name.part``; that file stays when the run is cut short, with whole lines
    only, and an older ``name`` stays as it was.

    Raises:
        InputError: the file cannot be written.
    """
    if name is None:
        yield Output(sys.stdout.buffer, signals)
        return
    path = Path(os.path.realpath(name))  # through a link, the file behind it is replaced
    direct = path.exists() and not path.is_file()  # /dev/null, a named pipe
    part = path if direct else path.with_name(path.name + PART)
    output = None
    try:
        with open(part, "wb") as file:
            output = Output(file, signals)
            yield output
        if not direct:
            os.replace(part, path)
    except BaseException as error:
        if output is not None and not direct:
            _keep_whole_lines(part, output.size, name)
        if isinstance(error, OSError) and not isinstance(error, (BrokenPipeError, GLiNER2LiteError)):
            raise InputError(f"--output {name} cannot be written ({error.strerror or error})") from error
        raise


def _keep_whole_lines(part: Path, size: int, name: str) -> None:
    """Leave what was finished before a run was cut short; nothing of it is lost."""
    if size == 0:
        part.unlink()
        return
    os.truncate(part, size)  # a full disk may have taken half of the line after it
    print(f"gliner2-lite: {name} was not written; the finished lines are in {part}", file=sys.stderr)


def json_line(record: Record, answer: Mapping[str, Any] | str, layout: Layout) -> str:
    """One line of JSON: the result among the record's keys, or alone where the input was a bare line.

    An ``answer`` that is a string is an error message; it is written with the record's place and id.
    """
    if not isinstance(answer, str):
        return _dump(answer if record.keys is None else {**record.keys, layout.result_field: answer})
    name = "file" if record.line is None else layout.id_field or "id"
    known = {name: record.keys[name]} if record.keys is not None and name in record.keys else {}
    return _dump({**known, "error": {"line": record.line, "file": record.file, "message": answer}})


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False) + "\n"
