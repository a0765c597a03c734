"""The fluent schema builder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.attributes import AttributeGroup, check_groups, prompt_label
from gliner2_lite.schema.checks import (
    check_abstain,
    check_dtype,
    check_examples,
    check_flag,
    check_keys,
    check_list,
    check_name,
    check_names,
    check_required_threshold,
    check_text,
    check_threshold,
    check_top_k,
    check_validators,
    check_word,
    join,
    shown,
)
from gliner2_lite.schema.label_descriptions import (
    DESCRIPTION_KEYS,
    read_label_descriptions,
    under_one_name,
)
from gliner2_lite.schema.limits import CLASS_ACTIVATIONS, DEFAULT_CLASS_THRESHOLD, RELATION_ROLES
from gliner2_lite.schema.relation_ends import check_ends
from gliner2_lite.schema.schema_options import SchemaOptions, SpanOptions
from gliner2_lite.schema.spec import Validator
from gliner2_lite.schema.structure import StructureBuilder

if TYPE_CHECKING:
    import os

    from gliner2_lite.schema.limits import Limits

ENTITY_KEYS = frozenset({"description", "dtype", "threshold", "validators"})
RELATION_KEYS = frozenset({"description", "threshold", "head", "tail"})
CLASSIFICATION_OPTIONS = DESCRIPTION_KEYS | {
    "multi_label",
    "cls_threshold",
    "top_k",
    "class_act",
    "prompt",
    "examples",
    "abstain",
}


class Schema:
    """What to extract, built call by call; every method returns the schema (or the structure's builder).

    ``schema`` is the processor dict that :meth:`build` returns, ``options`` what decoding needs beside it.
    All errors are SchemaError (a ValueError), or SchemaTypeError (also a TypeError) for a wrong type.
    """

    def __init__(self) -> None:
        self.schema: dict[str, Any] = {
            "json_structures": [],
            "classifications": [],
            "entities": {},
            "relations": [],
            "json_descriptions": {},
            "entity_descriptions": {},
            "relation_descriptions": {},
        }
        self.options = SchemaOptions()
        self._open_structure: StructureBuilder | None = None

    def __repr__(self) -> str:
        from gliner2_lite.schema.summary import describe_schema

        return describe_schema(self)

    def entities(
        self,
        entity_types: str | list[str] | Mapping[str, Any],
        dtype: str = "list",
        threshold: float | None = None,
        validators: list[Validator] | None = None,
    ) -> Schema:
        """Add entity types: a name, a list of names, or a dict of name to description or configuration.

        A configuration is a dict with any of ``description``, ``dtype``, ``threshold``, ``validators``; it
        overrides the arguments. Declaring a type again keeps its first position.
        """
        self._finish_structure()
        common = {"dtype": dtype, "threshold": threshold, "validators": validators}
        declared = []
        for name, config in _named(entity_types, "entities", ENTITY_KEYS):
            path = join("entities", name)
            merged = {**common, **config}
            options = SpanOptions(
                dtype=check_dtype(merged["dtype"], f"{path}.dtype"),
                threshold=check_threshold(merged["threshold"], f"{path}.threshold"),
                validators=check_validators(merged["validators"], f"{path}.validators"),
            )
            declared.append((name, options, _description(config, path)))
        for name, options, description in declared:
            self.schema["entities"][name] = ""
            self.options.entity_order.setdefault(name)
            self.options.entities[name] = options
            if description is not None:
                self.schema["entity_descriptions"][name] = description
        return self

    def entity_attributes(self, groups: Mapping[str, AttributeGroup] | None) -> Schema:
        """Ask attribute questions about every extracted entity; calling again replaces the groups.

        The labels join the entity prompt (sorted) and are left out of the entity results.
        """
        self._finish_structure()
        options, labels = self.options, self.schema["entities"]
        if not options.entity_order:
            raise SchemaError("entity_attributes: no entity types yet; call entities(...) first")
        checked = check_groups(groups, options.entity_order)
        for label in options.attribute_labels.difference(options.entity_order):
            labels.pop(label, None)
            options.entities.pop(label, None)
        options.attribute_groups = checked
        options.attribute_prompts = {
            label: prompt_label(name, group, label)
            for name, group in checked.items()
            for label in group.labels
        }
        for label in sorted(options.attribute_labels):
            labels.setdefault(label, "")
            options.entities[label] = SpanOptions()
        return self

    def relations(
        self, relation_types: str | list[str] | Mapping[str, Any], threshold: float | None = None
    ) -> Schema:
        """Add relation types: a name, a list, or a dict of name to description or configuration.

        A configuration is a dict with any of ``description``, ``threshold``, ``head``, ``tail``; the last two
        are lists of entity types of this schema: a pair is answered when such entities were found.
        """
        self._finish_structure()
        declared = []
        for name, config in _named(relation_types, "relations", RELATION_KEYS):
            path = join("relations", name)
            limit = check_threshold(config.get("threshold", threshold), f"{path}.threshold")
            declared.append((name, limit, _description(config, path), check_ends(config, path)))
        for name, limit, description, ends in declared:
            self.schema["relations"].append({name: dict.fromkeys(RELATION_ROLES, "")})
            self.options.relation_thresholds[name] = limit
            self.options.relation_ends.pop(name, None)
            if any(ends):
                self.options.relation_ends[name] = ends
            # A structure of the same name shares this entry, so the later declaration rules, as upstream.
            self.options.field_orders[name] = list(RELATION_ROLES)
            if description:
                self.schema["relation_descriptions"][name] = description
        return self

    def classification(
        self,
        task: str,
        labels: list[str] | Mapping[str, str],
        multi_label: bool = False,
        cls_threshold: float = DEFAULT_CLASS_THRESHOLD,
        top_k: int | None = None,
        *,
        abstain: bool = False,
        **extras: Any,
    ) -> Schema:
        """Add a classification task over ``labels``: a list, or a dict of label to description.

        ``cls_threshold`` and ``top_k`` (at most so many labels) act on ``multi_label`` tasks; with
        ``abstain`` another task answers None when its best label is below ``cls_threshold``. Keywords:
        ``class_act`` ("auto", "sigmoid", "softmax"), ``prompt`` (an instruction), ``examples`` (few-shot
        pairs of input and label), ``label_descriptions`` (when labels is a list) or ``descriptions``,
        which is another name of it.
        """
        self._finish_structure()
        path = join("classifications", check_name(task, "classifications.task"))
        check_keys(extras, CLASSIFICATION_OPTIONS, path, kind="keyword")
        names, descriptions = _labels(labels, f"{path}.labels")
        config: dict[str, Any] = {
            "task": task,
            "labels": names,
            "multi_label": check_flag(multi_label, f"{path}.multi_label"),
            "cls_threshold": check_required_threshold(cls_threshold, f"{path}.cls_threshold"),
            **_checked_extras(under_one_name(extras, path), path),
        }
        if check_abstain({**config, "abstain": abstain}, path):  # absent otherwise, as in the reference
            config["abstain"] = True
        limit = check_top_k(top_k, f"{path}.top_k")
        if limit is not None:
            config["top_k"] = limit
        if descriptions:
            config["label_descriptions"] = descriptions
        self.schema["classifications"].append(config)
        return self

    def structure(
        self,
        name: str,
        *,
        mode: str | None = None,
        anchor: str | None = None,
        occurrence_policy: str | None = None,
    ) -> StructureBuilder:
        """Start a structure (record) and return the builder that takes its fields."""
        self._finish_structure()
        self._open_structure = StructureBuilder(
            self, name, mode=mode, anchor=anchor, occurrence_policy=occurrence_policy
        )
        return self._open_structure

    def build(self) -> dict[str, Any]:
        """The processor dict; the schema's own, not a copy."""
        self._finish_structure()
        if self.options.records:
            self.schema["record_metadata"] = self.options.records
        return self.schema

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Schema:
        """A schema from the friendly form (see ``friendly_read``); strict about every key."""
        from gliner2_lite.schema.friendly_read import read_friendly

        return read_friendly(data, cls())

    @classmethod
    def from_json(cls, json_str: str, *, limits: Limits | None = None) -> Schema:
        """:meth:`from_dict` on a JSON string, no larger or deeper than ``limits`` allow."""
        from gliner2_lite.schema.json_text import parse_json

        return cls.from_dict(parse_json(json_str, source="the JSON string", limits=limits))

    @classmethod
    def from_model(cls, model: object) -> Schema:
        """A schema of structures from a dataclass, a Pydantic 2 model, a TypedDict or a JSON Schema.

        The structure has the class's name (a JSON Schema's title); a field that holds such a class has a
        structure of its own, ``"Invoice.customer"``. ``gliner2_lite.instances`` turns results into instances.
        Raises SchemaError for a field that cannot be expressed, with its path and what to write instead.
        """
        from gliner2_lite.schema.from_model import add_model

        return add_model(model, cls())

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], *, limits: Limits | None = None) -> Schema:
        """:meth:`from_dict` on a JSON file within ``limits``; every error names the file."""
        from gliner2_lite.schema.schema_file import read_schema_file

        return read_schema_file(path, cls(), limits)

    def to_dict(self) -> dict[str, Any]:
        """The friendly form: defaults are left out, validators cannot be written."""
        from gliner2_lite.schema.friendly_write import write_friendly

        return write_friendly(self)

    def _finish_structure(self) -> None:
        if self._open_structure is not None:
            self._open_structure.finish()
            self._open_structure = None


def _named(value: object, path: str, known: frozenset[str]) -> list[tuple[str, Mapping[str, Any]]]:
    """Names with their configuration, from each of the three forms that users write."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list):
        return [(name, {}) for name in dict.fromkeys(check_names(value, path))]
    if not isinstance(value, Mapping):
        raise SchemaTypeError(
            f"{path}: expected a name, a list of names or a dict of name to description, got {shown(value)}"
        )
    result: list[tuple[str, Mapping[str, Any]]] = []
    for key, config in value.items():
        name = check_name(key, path)
        if isinstance(config, str):
            config = {"description": config}
        elif isinstance(config, Mapping):
            check_keys(config, known, join(path, name), kind="key")
        else:
            config = {}
        result.append((name, config))
    return result


def _description(config: Mapping[str, Any], path: str) -> str | None:
    value = config.get("description")
    return None if value is None else check_text(value, f"{path}.description")


def _labels(labels: object, path: str) -> tuple[list[str], dict[str, str]]:
    """Label names and their descriptions."""
    descriptions: Mapping[Any, Any] = {}
    if isinstance(labels, Mapping):
        descriptions, labels = labels, list(labels)
    items = check_list(labels, path, of="labels (or a dict of label to description)")
    if not items:
        raise SchemaError(f"{path}: the list is empty; give at least one label")
    return check_names(items, path), read_label_descriptions(descriptions, path) or {}


def _checked_extras(extras: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The extra keywords as given (the processor dict keeps them), after a check of their types."""
    check_examples(extras.get("examples"), f"{path}.examples")
    if extras.get("class_act") is not None:
        check_word(extras["class_act"], CLASS_ACTIVATIONS, f"{path}.class_act")
    if extras.get("prompt") is not None:
        check_text(extras["prompt"], f"{path}.prompt")
    read_label_descriptions(extras.get("label_descriptions"), f"{path}.label_descriptions")
    return dict(extras)
