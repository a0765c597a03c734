"""Schemas in files: read as from JSON text, and every error names the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import Limits, Schema, SchemaError
from gliner2_lite.errors import SchemaTypeError

TEXT = '{"entities": {"city": "a place, with people"}, "relations": ["near"]}'


@pytest.mark.parametrize("kind", [str, Path])
def test_a_file_is_read_as_its_text(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "s.json"
    for text in (TEXT, "\ufeff" + TEXT):
        path.write_text(text, encoding="utf-8")
        assert Schema.from_file(kind(path)).to_dict() == Schema.from_json(TEXT).to_dict()


@pytest.mark.parametrize(("content", "message"), [
    (b"\xff", "cannot be read .*: give a UTF-8 JSON file"), (b"{", ": not valid JSON at line 1"),
    (b"{}", ": schema: nothing to extract"),
    (b'{"entity": ["a"]}', ": entity: unknown section; did you mean"),
    (b'{"entities": ["a"], "entities": ["b"]}', ": key 'entities' stands twice"),
    (b'{"entities": {"a": {"dtype": "strr"}}}', r": entities.a.dtype: 'strr' is unknown"),
])  # fmt: skip
def test_errors_name_the_file(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "s.json"
    path.write_bytes(content)
    with pytest.raises(SchemaError, match=f"^{path}.?{message}"):
        Schema.from_file(path)


def test_a_wrong_type_keeps_its_kind(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text("[1]", encoding="utf-8")
    with pytest.raises(SchemaTypeError, match=f"^{path}: expected an object"):
        Schema.from_file(path)
    path.write_text('{"entities": [1]}', encoding="utf-8")
    with pytest.raises(SchemaTypeError, match=rf"^{path}: entities\[0\]"):
        Schema.from_file(path)
    with pytest.raises(SchemaTypeError, match="path: expected the name of a file, got dict"):
        Schema.from_file({"entities": ["a"]})  # type: ignore[arg-type]


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing.json", "a\0b"):
        with pytest.raises(SchemaError, match=f"^{path} cannot be read"):
            Schema.from_file(path)


def test_limits_hold(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_text(TEXT, encoding="utf-8")
    with pytest.raises(SchemaError, match=f"^{path}: {len(TEXT)} characters; a schema has at most 50"):
        Schema.from_file(path, limits=Limits(schema_chars=50))
    with pytest.raises(SchemaError, match=f"^{path}: nested deeper than 1 levels"):
        Schema.from_file(path, limits=Limits(schema_depth=1))
    with pytest.raises(SchemaError, match="^/dev/zero has more than 40 bytes; it is not a schema"):
        Schema.from_file("/dev/zero", limits=Limits(schema_chars=10))
