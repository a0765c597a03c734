"""Schemas: what to extract, as builders, dicts and JSON, all compiled into one frozen form."""

from __future__ import annotations

from gliner2_lite.schema.attributes import AttributeGroup
from gliner2_lite.schema.builder import Schema
from gliner2_lite.schema.compile import compile_schema
from gliner2_lite.schema.convenience import (
    classification_schema,
    entities_schema,
    load_schema_json,
    relations_schema,
    structures_schema,
)
from gliner2_lite.schema.spec import (
    AttributeSpec,
    ChoiceGroup,
    ClassificationSpec,
    EntitySpec,
    FieldSpec,
    RecordField,
    RecordSpec,
    RelationSpec,
    SchemaSpec,
    StructureSpec,
    Validator,
)
from gliner2_lite.schema.structure import StructureBuilder
from gliner2_lite.schema.validators import RegexValidator

__all__ = [
    "AttributeGroup",
    "AttributeSpec",
    "ChoiceGroup",
    "ClassificationSpec",
    "EntitySpec",
    "FieldSpec",
    "RecordField",
    "RecordSpec",
    "RegexValidator",
    "RelationSpec",
    "Schema",
    "SchemaSpec",
    "StructureBuilder",
    "StructureSpec",
    "Validator",
    "classification_schema",
    "compile_schema",
    "entities_schema",
    "load_schema_json",
    "relations_schema",
    "structures_schema",
]
