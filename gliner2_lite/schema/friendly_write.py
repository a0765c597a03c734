"""Writing a schema in its friendly dict form, with defaults left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gliner2_lite.schema.attributes import AttributeGroup
from gliner2_lite.schema.dict_forms import is_friendly
from gliner2_lite.schema.limits import DEFAULT_CLASS_THRESHOLD

if TYPE_CHECKING:
    from gliner2_lite.schema.builder import Schema


def write_friendly(schema: Schema) -> dict[str, Any]:
    """The friendly dict of a schema; defaults are left out and validators cannot be written."""
    processor, options = schema.build(), schema.options
    sections = {
        "entities": _write_entities(schema),
        "entity_attributes": {name: _write_group(group) for name, group in options.attribute_groups.items()},
        "structures": _write_structures(schema),
        "classifications": [_write_classification(config) for config in processor["classifications"]],
        "relations": _write_relations(schema),
    }
    written = {key: value for key, value in sections.items() if value}
    return _told_apart(written)


def _told_apart(written: dict[str, Any]) -> dict[str, Any]:
    """``written`` so that ``extract`` takes it as it is: mere texts beside entities could be answers."""
    entities = written.get("entities")
    if isinstance(entities, dict) and all(isinstance(text, str) for text in entities.values()):
        others = {key: value for key, value in written.items() if key != "entities"}
        if not is_friendly(others):
            written["entities"] = {name: {"description": text} for name, text in entities.items()}
    return written


def _write_entities(schema: Schema) -> list[str] | dict[str, Any]:
    configs: dict[str, Any] = {}
    for name in schema.options.entity_order:
        option = schema.options.entities[name]
        config: dict[str, Any] = {}
        if description := schema.schema["entity_descriptions"].get(name):
            config["description"] = description
        if option.dtype != "list":
            config["dtype"] = option.dtype
        if option.threshold is not None:
            config["threshold"] = option.threshold
        configs[name] = config["description"] if set(config) == {"description"} else config
    return configs if any(configs.values()) else list(configs)


def _write_relations(schema: Schema) -> list[str] | dict[str, Any]:
    configs: dict[str, Any] = {}
    for name, threshold in schema.options.relation_thresholds.items():
        config: dict[str, Any] = {}
        if description := schema.schema["relation_descriptions"].get(name):
            config["description"] = description
        if threshold is not None:
            config["threshold"] = threshold
        if name in schema.options.relation_ends:
            ends = schema.options.relation_ends[name]._asdict()
            config |= {end: list(types) for end, types in ends.items() if types}
        configs[name] = config
    return configs if any(configs.values()) else list(configs)


def _write_group(group: AttributeGroup) -> dict[str, Any]:
    written: dict[str, Any] = {"labels": list(group.labels)}
    if group.multi_label:
        written["multi_label"] = True
    if group.threshold != AttributeGroup.threshold:
        written["threshold"] = group.threshold
    if group.applies_to is not None:
        written["applies_to"] = list(group.applies_to)
    if group.qualify_labels:
        written["qualify_labels"] = True
    return written


def _write_structures(schema: Schema) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for item in schema.schema["json_structures"]:
        for name, fields in item.items():
            order = schema.options.field_orders.get(name, [])
            record = schema.options.records.get(name, {})
            # A relation of the same name has replaced the order.
            written_fields = [key for key in order if key in fields]
            written_fields += [key for key in fields if key not in order]
            structure = {"fields": [_write_field(schema, name, key) for key in written_fields]}
            structure.update((key, value) for key, value in record.items() if key != "fields")
            written[name] = structure
    return written


def _write_field(schema: Schema, structure: str, name: str) -> dict[str, Any]:
    option = schema.options.fields[structure, name]
    written: dict[str, Any] = {"name": name}
    if option.dtype != "list":
        written["dtype"] = option.dtype
    if option.choices:
        written["choices"] = list(option.choices)
    if description := schema.schema["json_descriptions"].get(structure, {}).get(name):
        written["description"] = description
    if option.threshold is not None:
        written["threshold"] = option.threshold
    written.update(schema.options.records.get(structure, {}).get("fields", {}).get(name, {}))
    return written


def _write_classification(config: Mapping[str, Any]) -> dict[str, Any]:
    described = config.get("label_descriptions")
    written: dict[str, Any] = {
        "task": config["task"],
        # The friendly form describes all labels or none: a label without a description gets an empty one.
        "labels": {label: described.get(label, "") for label in config["labels"]}
        if described
        else list(config["labels"]),
    }
    if config["multi_label"]:
        written["multi_label"] = True
    if config["cls_threshold"] != DEFAULT_CLASS_THRESHOLD:
        written["cls_threshold"] = config["cls_threshold"]
    for key in ("top_k", "class_act", "prompt"):
        if config.get(key) is not None:
            written[key] = config[key]
    if config.get("examples"):
        written["examples"] = [list(pair) for pair in config["examples"]]
    if config.get("abstain"):
        written["abstain"] = True
    return written
