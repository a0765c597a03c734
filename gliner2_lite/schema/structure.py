"""The fluent builder of one structure (record)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import (
    check_choices,
    check_dtype,
    check_flag,
    check_name,
    check_text,
    check_threshold,
    check_validators,
    check_word,
    join,
    shown,
)
from gliner2_lite.schema.limits import CARDINALITIES, OCCURRENCE_POLICIES, RECORD_MODES
from gliner2_lite.schema.schema_options import SpanOptions
from gliner2_lite.schema.spec import Validator

if TYPE_CHECKING:
    from gliner2_lite.schema.builder import Schema


class StructureBuilder:
    """Collects the fields of one structure; every ``Schema`` method called on it goes on with the schema.

    ``schema.structure("product").field("name").field("price").entities(["company"])`` finishes the
    structure at ``entities``. ``mode``, ``anchor``, ``occurrence_policy``, ``cardinality`` and ``exclusive``
    are kept for checkpoints that form records; span checkpoints ignore them.
    """

    def __init__(
        self,
        schema: Schema,
        parent: str,
        *,
        mode: str | None = None,
        anchor: str | None = None,
        occurrence_policy: str | None = None,
    ) -> None:
        self.schema = schema
        self.parent = check_name(parent, "structures")
        self.fields: dict[str, Any] = {}
        self.descriptions: dict[str, str] = {}
        self.field_order: list[str] = []
        self._record_fields: dict[str, dict[str, Any]] = {}
        self._mode = mode
        self._anchor = anchor
        self._occurrence_policy = occurrence_policy
        self._finished = False

    def __repr__(self) -> str:
        from gliner2_lite.schema.summary import describe_structure

        return describe_structure(self)

    def field(
        self,
        name: str,
        dtype: str = "list",
        choices: list[str] | None = None,
        description: str | None = None,
        threshold: float | None = None,
        validators: list[Validator] | None = None,
        cardinality: str | None = None,
        exclusive: bool = False,
    ) -> StructureBuilder:
        """Add a field; ``choices`` makes it a selection among fixed words instead of spans of the text.

        ``dtype="str"`` keeps the best value, ``"list"`` all of them. ``threshold`` overrides the call's.
        Raises SchemaError for a blank name, a threshold outside [0, 1] or unusable choices or validators.
        """
        path = join(join("structures", self.parent), check_name(name, f"structures.{self.parent}"))
        options = SpanOptions(
            dtype=check_dtype(dtype, f"{path}.dtype"),
            threshold=check_threshold(threshold, f"{path}.threshold"),
            validators=check_validators(validators, f"{path}.validators"),
            choices=tuple(check_choices(choices, f"{path}.choices") or ()) or None,
        )
        text = None if description is None else check_text(description, f"{path}.description")
        record: dict[str, Any] = {}
        if cardinality is not None:
            record["cardinality"] = check_word(cardinality, CARDINALITIES, f"{path}.cardinality")
        if check_flag(exclusive, f"{path}.exclusive"):
            record["exclusive"] = True

        self.fields[name] = {"value": "", "choices": list(options.choices)} if options.choices else ""
        self.field_order.append(name)
        if text:
            self.descriptions[name] = text
        if record:
            self._record_fields[name] = record
        self.schema.options.fields[self.parent, name] = options
        return self

    def finish(self) -> None:
        """Hand the structure to the schema; called by whatever comes next, more than once does no harm."""
        if self._finished:
            return
        record = self._record()
        processor, options = self.schema.schema, self.schema.options
        options.field_orders[self.parent] = self.field_order
        processor["json_structures"].append({self.parent: self.fields})
        if self.descriptions:
            processor["json_descriptions"][self.parent] = self.descriptions
        if record is not None:
            options.records[self.parent] = record
        self._finished = True

    def _record(self) -> dict[str, Any] | None:
        """The record metadata of a structure that declares a mode, checked."""
        mode, anchor, policy = self._mode, self._anchor, self._occurrence_policy
        if mode is None:
            return None
        path = join("structures", self.parent)
        check_word(mode, RECORD_MODES, f"{path}.mode")
        if mode == "natural":
            if not anchor and not self.field_order:
                raise SchemaError(f"{path}.mode: 'natural' needs at least one field; add .field(...)")
            anchor = anchor or self.field_order[0]
            if anchor not in self.field_order:
                raise SchemaError(
                    f"{path}.anchor: {shown(anchor)} is not a field; "
                    f"write one of {', '.join(self.field_order)}"
                )
        elif anchor:
            raise SchemaError(f"{path}.anchor: only mode 'natural' takes an anchor; leave it out")
        if policy is not None:
            check_word(policy, OCCURRENCE_POLICIES, f"{path}.occurrence_policy")
        record: dict[str, Any] = {"mode": mode}
        if anchor is not None:
            record["anchor"] = anchor
        if policy is not None:
            record["occurrence_policy"] = policy
        if self._record_fields:
            record["fields"] = dict(self._record_fields)
        return record

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that this class lacks. Dunder look-ups (copy, pickle) must not finish it.
        schema = self.__dict__.get("schema")
        if name.startswith("__") or schema is None or not hasattr(schema, name):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        self.finish()
        return getattr(schema, name)
