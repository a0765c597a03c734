"""Every accepted schema form → one frozen ``SchemaSpec``.

The processor dict is read the same way whether a builder made it or the caller wrote it, so a dict that
was changed after ``build()`` is checked too. Facts that are easy to get wrong:

* occurrences of one structure merge: the prompt has the union of their fields, first seen first; the result
  has the fields of the last one, with the options of each field's last declaration;
* decoding looks structures and relations up by the prompt text up to its first `` [DESCRIPTION] ``, so a
  described relation (``name: description``) does not find the threshold of ``name``. Kept for parity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.builder import CLASSIFICATION_OPTIONS, Schema
from gliner2_lite.schema.checks import (
    check_abstain,
    check_choice,
    check_examples,
    check_flag,
    check_keys,
    check_list,
    check_mapping,
    check_name,
    check_names,
    check_required_threshold,
    check_text,
    check_threshold,
    check_top_k,
    check_word,
    join,
    shown,
)
from gliner2_lite.schema.dict_forms import GOLD_SPAN_KEYS, is_friendly
from gliner2_lite.schema.label_descriptions import under_one_name
from gliner2_lite.schema.limits import CLASS_ACTIVATIONS, DEFAULT_CLASS_THRESHOLD, DESCRIPTION_MARKER
from gliner2_lite.schema.relation_ends import with_ends
from gliner2_lite.schema.schema_options import SchemaOptions, SpanOptions
from gliner2_lite.schema.spec import (
    AttributeSpec,
    ChoiceGroup,
    ClassificationSpec,
    EntitySpec,
    FieldSpec,
    RecordSpec,
    RelationSpec,
    SchemaSpec,
    StructureSpec,
)
from gliner2_lite.schema.structure import StructureBuilder

Pairs = tuple[tuple[str, str], ...]

# true_label is gold of training data, without effect here.
CLASSIFICATION_KEYS = CLASSIFICATION_OPTIONS | {"task", "labels", "true_label"}
_NO_OPTIONS = SpanOptions()


def compile_schema(schema: Schema | StructureBuilder | Mapping[str, Any]) -> SchemaSpec:
    """The frozen form of a builder, of a friendly dict or of a processor dict (``Schema.build()``).

    ``forms`` says how the two dicts are told apart.
    Equal schemas compile to equal specs; a spec is hashable when its validators are.
    Raises SchemaError, or SchemaTypeError for a wrong type, with the path to what is wrong.
    """
    if isinstance(schema, StructureBuilder):
        schema = schema.schema
    elif isinstance(schema, Mapping) and is_friendly(schema):
        from gliner2_lite.schema.friendly_read import read_friendly

        schema = read_friendly(schema, Schema())
    if isinstance(schema, Schema):
        processor: Mapping[str, Any] = schema.build()
        options = schema.options
        requested = tuple(options.relation_thresholds)
    elif isinstance(schema, Mapping):
        processor, options, requested = schema, SchemaOptions(), ()
    else:
        raise SchemaTypeError(
            f"schema: expected a gliner2_lite Schema or a dict, got {type(schema).__name__}; "
            "build it with gliner2_lite.Schema(), Schema.from_model(Class) or Schema.from_dict(a.to_dict())"
        )
    structures, choice_groups = _structures(processor, options)
    labels = _entity_labels(processor)
    spec = SchemaSpec(
        structures=structures,
        choice_groups=choice_groups,
        entity_labels=labels,
        entities=_entities(labels, options, declared=isinstance(schema, Schema)),
        entity_descriptions=_descriptions(
            processor.get("entity_descriptions"), labels, "entity_descriptions"
        ),
        relations=_relations(processor, options),
        requested_relations=requested,
        classifications=_classifications(processor),
        attributes=_attributes(labels, options),
    )
    return with_ends(spec, options.relation_ends)


def _structures(
    processor: Mapping[str, Any], options: SchemaOptions
) -> tuple[tuple[StructureSpec, ...], tuple[ChoiceGroup, ...]]:
    merged: dict[str, dict[str, None]] = {}  # structure → its fields, an ordered set
    choices: dict[tuple[str, str], tuple[str, ...]] = {}  # the last ones declared for a structure's field
    groups: list[ChoiceGroup] = []
    for place, name, fields in _entries(processor, "json_structures", "structure"):
        group: list[tuple[str, tuple[str, ...]]] = []
        prompt_fields = merged.setdefault(name, {})  # placed as its first entry, even one without fields
        for key, value in fields.items():
            path = join(place, key)
            field_choices = _field_choices(value, path)
            prompt_fields.setdefault(check_name(key, path))
            if field_choices is not None:
                choices[name, key] = field_choices
                group.append((key, field_choices))
        if group:
            groups.append(ChoiceGroup(structure=name, fields=tuple(group)))

    described = _section(processor, "json_descriptions", "structure name to field descriptions")
    records: Mapping[str, RecordSpec] = {}
    if processor.get("record_metadata") is not None:
        from gliner2_lite.schema.record_metadata import read_records  # few schemas have any

        records = read_records(processor["record_metadata"], merged)
    structures = []
    for name, prompt_fields in merged.items():
        if not prompt_fields:
            continue
        key = name.split(f" {DESCRIPTION_MARKER} ")[0]
        order = options.field_orders.get(key, list(prompt_fields))
        structures.append(
            StructureSpec(
                name=name,
                prompt_fields=tuple(prompt_fields),
                fields=tuple(
                    _field(key, field, options, choices)
                    for field in dict.fromkeys(order)
                    if field in prompt_fields
                ),
                descriptions=_descriptions(
                    described.get(name), prompt_fields, join("json_descriptions", name)
                ),
                record=records.get(name),
            )
        )
    return tuple(structures), tuple(groups)


def _field(
    structure: str, name: str, options: SchemaOptions, choices: Mapping[tuple[str, str], tuple[str, ...]]
) -> FieldSpec:
    option = options.fields.get((structure, name), _NO_OPTIONS)
    return FieldSpec(
        name=name,
        dtype=option.dtype,
        threshold=option.threshold,
        choices=choices.get((structure, name)),
        validators=option.validators,
    )


def _field_choices(value: object, path: str) -> tuple[str, ...] | None:
    """The choices of a field of the processor dict; every other value is gold text, without effect."""
    if not isinstance(value, Mapping) or "choices" not in value:
        _check_gold(value, path)
        return None
    if set(value) != {"value", "choices"} or isinstance(value["value"], Mapping):
        raise SchemaError(
            f'{path}: a choice field reads {{"value": "", "choices": [...]}}, '
            f"got the keys {shown(list(value))}"
        )
    items = check_list(value["choices"], f"{path}.choices", of="choices")
    return tuple(check_choice(item, f"{path}.choices[{index}]") for index, item in enumerate(items))


def _entity_labels(processor: Mapping[str, Any]) -> tuple[str, ...]:
    value = processor.get("entities", [])
    if isinstance(value, Mapping):
        for name, gold in value.items():
            if not isinstance(gold, str):
                _check_gold(gold, join("entities", name))
        return tuple(check_names(value, "entities"))
    if isinstance(value, list):
        return tuple(dict.fromkeys(check_names(value, "entities")))
    raise SchemaTypeError(f"entities: expected a list or dict of entity types, got {shown(value)}")


def _entities(labels: tuple[str, ...], options: SchemaOptions, *, declared: bool) -> tuple[EntitySpec, ...]:
    if not declared:
        return tuple(EntitySpec(name) for name in labels)
    present, hidden = frozenset(labels), options.attribute_labels
    result = []
    for name in options.entity_order:
        if name in present and name not in hidden:
            option = options.entities.get(name, _NO_OPTIONS)
            result.append(EntitySpec(name, option.dtype, option.threshold, option.validators))
    return tuple(result)


def _attributes(labels: tuple[str, ...], options: SchemaOptions) -> tuple[AttributeSpec, ...]:
    present = frozenset(labels)
    result = []
    for name, group in options.attribute_groups.items():
        prompts = {label: options.attribute_prompts.get(label, label) for label in group.labels}
        kept = [label for label, prompt in prompts.items() if prompt in present]
        if kept:
            path = join("entity_attributes", name)
            result.append(
                AttributeSpec(
                    name=name,
                    labels=tuple(kept),
                    prompt_labels=tuple(prompts[label] for label in kept),
                    multi_label=check_flag(group.multi_label, f"{path}.multi_label"),
                    threshold=check_required_threshold(group.threshold, f"{path}.threshold"),
                    applies_to=None if group.applies_to is None else frozenset(group.applies_to),
                )
            )
    return tuple(result)


def _relations(processor: Mapping[str, Any], options: SchemaOptions) -> tuple[RelationSpec, ...]:
    roles: dict[str, tuple[str, ...]] = {}
    for place, name, fields in _entries(processor, "relations", "relation"):
        if not fields:
            raise SchemaError(f'{place}: the relation has no roles; write {{"head": "", "tail": ""}}')
        for key, gold in fields.items():
            check_name(key, place)
            _check_gold(gold, join(place, key))
        roles.setdefault(name, tuple(fields))
    described = _section(processor, "relation_descriptions", "relation name to description")
    result = []
    for name, role_names in roles.items():
        description = _description(described.get(name), join("relation_descriptions", name))
        prompt = f"{name}: {description}" if description else name
        threshold = options.relation_thresholds.get(prompt.split(f" {DESCRIPTION_MARKER} ")[0])
        result.append(RelationSpec(name, role_names, description or None, threshold))
    return tuple(result)


def _classifications(processor: Mapping[str, Any]) -> tuple[ClassificationSpec, ...]:
    items = check_list(processor.get("classifications", []), "classifications", of="classification tasks")
    return tuple(_classification(item, f"classifications[{index}]") for index, item in enumerate(items))


def _classification(item: object, path: str) -> ClassificationSpec:
    config = check_mapping(item, path, of="task, labels and options")
    check_keys(config, CLASSIFICATION_KEYS, path, kind="key")
    config = under_one_name(config, path)
    for key in ("task", "labels"):
        if key not in config:
            raise SchemaError(f"{path}: {key!r} is missing")
    items = check_list(config["labels"], f"{path}.labels", of="labels")
    if not items:
        raise SchemaError(f"{path}.labels: the list is empty; give at least one label")
    labels = tuple(check_names(items, f"{path}.labels"))
    known = frozenset(labels)
    threshold = check_threshold(config.get("cls_threshold"), f"{path}.cls_threshold")
    activation = config.get("class_act")
    return ClassificationSpec(
        task=check_name(config["task"], f"{path}.task"),
        labels=labels,
        multi_label=check_flag(config.get("multi_label") or False, f"{path}.multi_label"),
        threshold=DEFAULT_CLASS_THRESHOLD if threshold is None else threshold,
        top_k=check_top_k(config.get("top_k"), f"{path}.top_k"),
        class_act="auto"
        if activation is None
        else check_word(activation, CLASS_ACTIVATIONS, f"{path}.class_act"),
        prompt=_description(config.get("prompt"), f"{path}.prompt") or None,
        descriptions=_descriptions(
            config.get("label_descriptions"), dict.fromkeys(labels), f"{path}.label_descriptions"
        ),
        # Examples of other labels never reach the prompt.
        examples=tuple(
            pair for pair in check_examples(config.get("examples"), f"{path}.examples") if pair[1] in known
        ),
        abstain=check_abstain(config, path),
    )


def _entries(
    processor: Mapping[str, Any], section: str, kind: str
) -> list[tuple[str, str, Mapping[Any, Any]]]:
    """``(path, name, fields)`` of each ``{name: fields}`` in a list of the processor dict."""
    result = []
    items = check_list(processor.get(section, []), section, of=f"{{{kind} name: fields}}")
    for index, item in enumerate(items):
        for name, fields in check_mapping(item, f"{section}[{index}]", of=f"{kind} name to fields").items():
            check_name(name, f"{section}[{index}]")
            path = join(f"{section}[{index}]", name)
            result.append((path, name, check_mapping(fields, path, of="field name to value")))
    return result


def _section(processor: Mapping[str, Any], key: str, of: str) -> Mapping[Any, Any]:
    value = processor.get(key)
    return {} if value is None else check_mapping(value, key, of=of)


def _descriptions(value: object, labels: tuple[str, ...] | Mapping[str, None], path: str) -> Pairs:
    """The descriptions of ``labels`` in the order of the description map; None values are left out."""
    if not value and value != "":
        return ()
    known = frozenset(labels)
    return tuple(
        (label, check_text(text, join(path, label)))
        for label, text in check_mapping(value, path, of="label to description").items()
        if label in known and text is not None
    )


def _description(value: object, path: str) -> str | None:
    return None if value is None else check_text(value, path)


def _check_gold(value: object, path: str) -> None:
    """Values of a processor dict are gold of training data, without effect; a dict must be a gold span."""
    for item in value if isinstance(value, list) else (value,):
        if isinstance(item, Mapping) and not item.keys() >= GOLD_SPAN_KEYS:
            raise SchemaError(
                f'{path}: expected "" here (names only), got {shown(item)}; for descriptions, thresholds and '
                "the like use gliner2_lite.Schema"
            )
