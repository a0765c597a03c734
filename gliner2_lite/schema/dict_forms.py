"""Which of its two dict forms a schema is in: the friendly one, or the processor dict.

They are told apart by keys that only one of them has. What says the same in both needs no telling apart; what
does not, names with texts that are descriptions in one and gold answers in the other, is an error.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gliner2_lite.errors import SchemaError
from gliner2_lite.schema.checks import check_keys, join

SHARED_KEYS = frozenset({"entities", "relations", "classifications"})
FRIENDLY_ONLY_KEYS = frozenset({"structures", "entity_attributes"})
PROCESSOR_ONLY_KEYS = frozenset(
    {
        "json_structures",
        "json_descriptions",
        "entity_descriptions",
        "relation_descriptions",
        "record_metadata",
    }
)
PROCESSOR_KEYS = SHARED_KEYS | PROCESSOR_ONLY_KEYS
# A gold answer of training data that knows its place; every other dict beside an entity is its configuration.
GOLD_SPAN_KEYS = frozenset({"text", "start", "end"})

FRIENDLY, PROCESSOR = "friendly form", "processor dict"


def is_friendly(data: Mapping[Any, Any]) -> bool:
    """Whether ``data`` is in the friendly form; False for a processor dict and for what reads alike in both.

    Raises SchemaError for an unknown key, for keys of both forms, and for entities with texts that are
    descriptions in one form and answers in the other.
    """
    check_keys(data, PROCESSOR_KEYS | FRIENDLY_ONLY_KEYS, "schema", kind="key")
    first: dict[str, str] = {}  # form → the first place that only it has
    for form, place in _signs(data):
        first.setdefault(form, place)
    if len(first) == 2:
        raise SchemaError(
            f"schema: {first[FRIENDLY]} belongs to the friendly form (Schema.from_dict), {first[PROCESSOR]} "
            "to the processor dict (Schema.build); write all of it in one form"
        )
    if not first and (name := described(data.get("entities"))) is not None:
        raise SchemaError(
            f"{join('entities', name)}: a text here is a description in the friendly form and an answer in "
            'the processor dict; write {"description": "..."}, or Schema.from_dict(...), for the first, and '
            '"entity_descriptions" or "" for the second'
        )
    return FRIENDLY in first


def described(entities: object) -> str | None:
    """The first name that has a text beside it, which does not tell the form; None if there is none."""
    if not isinstance(entities, Mapping):
        return None
    return next((name for name, text in entities.items() if isinstance(text, str) and text), None)


def _signs(data: Mapping[Any, Any]) -> Iterator[tuple[str, str]]:
    """Each form that something in ``data`` can only be read in, with the place of it."""
    for key in data:
        if key not in SHARED_KEYS:
            yield (FRIENDLY if key in FRIENDLY_ONLY_KEYS else PROCESSOR), repr(key)
    entities, relations, tasks = (data.get(key) for key in ("entities", "relations", "classifications"))
    if isinstance(entities, Mapping):
        for name, value in entities.items():
            if not isinstance(value, str):
                config = isinstance(value, Mapping) and not value.keys() >= GOLD_SPAN_KEYS
                yield (FRIENDLY if config else PROCESSOR), join("entities", name)
    if isinstance(relations, Mapping):
        yield FRIENDLY, "a dict of relations"
    for index, item in enumerate(relations if isinstance(relations, list) else ()):
        if isinstance(item, (str, Mapping)):
            yield (FRIENDLY if isinstance(item, str) else PROCESSOR), f"relations[{index}]"
    for index, task in enumerate(tasks if isinstance(tasks, list) else ()):
        if isinstance(task, Mapping):
            if isinstance(task.get("labels"), Mapping):
                yield FRIENDLY, f"classifications[{index}].labels"
            if "true_label" in task:
                yield PROCESSOR, f"classifications[{index}].true_label"
