"""Attribute groups: labels that are assigned to every extracted entity span."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from gliner2_lite.errors import SchemaError, SchemaTypeError
from gliner2_lite.schema.checks import check_name, check_required_threshold, join, shown
from gliner2_lite.schema.limits import RESERVED_ATTRIBUTE_NAMES


@dataclass
class AttributeGroup:
    """One question asked about each entity span, answered with one of ``labels`` (or several).

    ``threshold`` selects the labels of a ``multi_label`` group; ``applies_to`` names the entity types
    that the group is for (None: all). ``qualify_labels`` writes ``"group: label"`` into the prompt, results
    keep the bare label.
    """

    labels: list[str]
    multi_label: bool = False
    threshold: float = 0.5
    applies_to: list[str] | None = None
    qualify_labels: bool = False


def check_groups(groups: object, entities: Collection[str]) -> dict[str, AttributeGroup]:
    """The groups as a new dict, or an error that names the unusable group."""
    if not groups:
        return {}
    if not isinstance(groups, Mapping):
        raise SchemaTypeError(
            f"entity_attributes: expected a dict of group name to AttributeGroup, got {type(groups).__name__}"
        )
    owners: dict[str, str] = {}
    for name, group in groups.items():
        path = join("entity_attributes", name)
        if not isinstance(group, AttributeGroup):
            raise SchemaTypeError(f"{path}: expected an AttributeGroup, got {type(group).__name__}")
        if check_name(name, path) in RESERVED_ATTRIBUTE_NAMES:
            raise SchemaError(
                f"{path}: {name!r} is already a key of an entity; use a name other than "
                f"{', '.join(sorted(RESERVED_ATTRIBUTE_NAMES))}"
            )
        _check_group(group, path, entities)
        for index, label in enumerate(group.labels):
            if label in owners:
                raise SchemaError(
                    f"{path}.labels[{index}]: {label!r} is already a label of {owners[label]!r}; "
                    "a label may stand only once in all groups"
                )
            owners[label] = name
    _check_collisions(groups, entities)
    return dict(groups)


def prompt_label(name: str, group: AttributeGroup, label: str) -> str:
    """``label`` as it is written into the prompt."""
    return f"{name}: {label}" if group.qualify_labels else label


def _check_group(group: AttributeGroup, path: str, entities: Collection[str]) -> None:
    if not isinstance(group.labels, (list, tuple)):
        raise SchemaTypeError(f"{path}.labels: expected a list of labels, got {shown(group.labels)}")
    if not group.labels:
        raise SchemaError(f"{path}.labels: the list is empty; give at least one label")
    for index, label in enumerate(group.labels):
        check_name(label, f"{path}.labels[{index}]")
    check_required_threshold(group.threshold, f"{path}.threshold")
    if group.applies_to is None:
        return
    if not isinstance(group.applies_to, (list, tuple, set, frozenset)):
        raise SchemaTypeError(
            f"{path}.applies_to: expected a list of entity types, got {shown(group.applies_to)}"
        )
    unknown = [name for name in group.applies_to if name not in entities]
    if unknown:
        raise SchemaError(
            f"{path}.applies_to: {shown(unknown[0])} is not a declared entity type; "
            f"declared: {', '.join(sorted(entities))}"
        )


def _check_collisions(groups: Mapping[str, AttributeGroup], entities: Collection[str]) -> None:
    for name, group in groups.items():
        for label in group.labels:
            if prompt_label(name, group, label) in entities:
                raise SchemaError(
                    f"{join('entity_attributes', name)}: label {label!r} is also an entity type; "
                    "set qualify_labels=True or rename one of them"
                )
