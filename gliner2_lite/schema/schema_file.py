"""A schema in a JSON file of the friendly form; every message begins with the file's name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.friendly_read import read_friendly
from gliner2_lite.schema.json_text import parse_json
from gliner2_lite.schema.limits import MAX_SCHEMA_CHARS, Limits, check_limits

if TYPE_CHECKING:
    from gliner2_lite.schema.builder import Schema

BYTES_PER_CHAR = 4  # of UTF-8, at most
MAX_BYTES = BYTES_PER_CHAR * MAX_SCHEMA_CHARS  # with the default limits


def read_schema_file(path: str | os.PathLike[str], schema: Schema, limits: Limits | None = None) -> Schema:
    """Add everything that the file ``path`` declares to the empty ``schema`` and return it.

    Raises SchemaError, or SchemaTypeError for a wrong type, that names the file and what is wrong with it: it
    cannot be read, is larger than ``limits`` allow, is no JSON, or is no schema.
    """
    allowed = check_limits(limits)
    if not isinstance(path, (str, os.PathLike)):
        raise SchemaTypeError(f"path: expected the name of a file, got {type(path).__name__}")
    most = BYTES_PER_CHAR * allowed.schema_chars
    try:
        with Path(path).open("rb") as file:  # no more of it than may be a schema: it may also be a device
            content = file.read(most + 1)
        text = "" if len(content) > most else content.decode("utf-8-sig")
    except (OSError, ValueError) as error:  # ValueError: no UTF-8, or a name that no file can have
        raise SchemaError(f"{path} cannot be read ({error}): give a UTF-8 JSON file") from error
    if len(content) > most:
        raise SchemaError(f"{path} has more than {most:,} bytes; it is not a schema")
    data = parse_json(text, source=str(path), limits=allowed)
    try:
        return read_friendly(data, schema)
    except SchemaTypeError as error:
        raise SchemaTypeError(f"{path}: {error}") from error
    except SchemaError as error:
        raise SchemaError(f"{path}: {error}") from error
