"""``record_metadata`` of a processor dict → how each structure forms its records.

    {"product": {"mode": "natural", "anchor": "name", "occurrence_policy": "all",
                 "fields": {"price": {"cardinality": "required_one", "exclusive": True}}}}

Only ``mode`` is needed; an entry without one, or with None, has no effect. As in the reference, entries for
structures and fields that the schema does not have are without effect, so that metadata may cover more than
one schema. They are checked all the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import (
    check_flag,
    check_keys,
    check_mapping,
    check_name,
    check_word,
    join,
    shown,
)
from gliner2_lite.schema.limits import CARDINALITIES, OCCURRENCE_POLICIES, RECORD_MODES
from gliner2_lite.schema.spec import RecordField, RecordSpec

SECTION = "record_metadata"
RECORD_KEYS = frozenset({"mode", "anchor", "occurrence_policy", "fields"})
FIELD_KEYS = frozenset({"cardinality", "exclusive"})


def read_records(value: object, structures: Mapping[str, Collection[str]]) -> dict[str, RecordSpec]:
    """The records of those ``structures`` (name → its fields in prompt order) that have a mode.

    Raises SchemaError, or SchemaTypeError for a wrong type, with the path to what is wrong.
    """
    if value is None:
        return {}
    result = {}
    for name, entry in check_mapping(value, SECTION, of="structure name to record options").items():
        path = join(SECTION, check_name(name, SECTION))
        record = _record(entry, path, structures.get(name))
        if record is not None and name in structures:
            result[name] = record
    return result


def _record(entry: object, path: str, fields: Collection[str] | None) -> RecordSpec | None:
    config = check_mapping(entry, path, of="record option to value")
    check_keys(config, RECORD_KEYS, path, kind="key")
    mode = _one_of(config.get("mode"), RECORD_MODES, f"{path}.mode")
    anchor = check_name(config["anchor"], f"{path}.anchor") if config.get("anchor") else None
    policy = _one_of(config.get("occurrence_policy"), OCCURRENCE_POLICIES, f"{path}.occurrence_policy")
    options = _fields(config.get("fields"), f"{path}.fields")
    if mode is None:
        return None
    if mode == "natural":
        _check_anchor(anchor, fields, path)
    elif anchor is not None:
        raise SchemaError(f"{path}.anchor: only mode 'natural' takes an anchor; leave it out")
    kept = tuple(options[name] for name in fields or () if name in options)
    return RecordSpec(mode, anchor, policy, kept)


def _check_anchor(anchor: str | None, fields: Collection[str] | None, path: str) -> None:
    if anchor is None:
        raise SchemaError(f"{path}.anchor: missing; mode 'natural' needs the field that starts a record")
    if fields and anchor not in fields:
        raise SchemaError(f"{path}.anchor: {shown(anchor)} is not a field; write one of {', '.join(fields)}")


def _fields(value: object, path: str) -> dict[str, RecordField]:
    """The fields that say more than the defaults."""
    result = {}
    for name, entry in ({} if value is None else check_mapping(value, path, of="field to options")).items():
        place = join(path, check_name(name, path))
        config: Mapping[Any, Any] = {} if entry is None else check_mapping(entry, place, of="option to value")
        check_keys(config, FIELD_KEYS, place, kind="key")
        cardinality = _one_of(config.get("cardinality"), CARDINALITIES, f"{place}.cardinality")
        exclusive = check_flag(config.get("exclusive") or False, f"{place}.exclusive")
        if cardinality is not None or exclusive:
            result[name] = RecordField(name, cardinality, exclusive)
    return result


def _one_of(value: object, known: tuple[str, ...], path: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str):
        raise SchemaError(f"{path}: {shown(value)} is unknown; write one of {', '.join(known)}")
    return check_word(value, known, path)
