"""Schema → prompt: every task with its words, its labels and how its answer is to be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from gliner2_lite.errors import SchemaError
from gliner2_lite.prompt.markers import (
    choice_words,
    described,
    key_of,
    marker_indices,
    shown_examples,
    task_words,
)
from gliner2_lite.schema.compile import compile_schema
from gliner2_lite.schema.limits import (
    DEFAULT_LIMITS,
    ENTITY_MARKER,
    FIELD_MARKER,
    LABEL_MARKER,
    RELATION_MARKER,
    Limits,
)
from gliner2_lite.schema.size import check_schema_size
from gliner2_lite.schema.spec import (
    AttributeSpec,
    ClassificationSpec,
    EntitySpec,
    RelationSpec,
    SchemaSpec,
    StructureSpec,
)

ENTITIES_KEY = "entities"


class EntityTask(NamedTuple):
    """How to read the entity task: its result entities and the attribute groups of their spans."""

    entities: tuple[EntitySpec, ...]
    attributes: tuple[AttributeSpec, ...] = ()


Ends = tuple[tuple[str, ...] | None, tuple[str, ...] | None]
"""Entity types of a head and of a tail; None for any text."""
Target = EntityTask | StructureSpec | RelationSpec | ClassificationSpec


@dataclass(frozen=True, slots=True)
class TaskPrompt:
    """One task of the prompt: ``words`` as encoded, ``labels`` in marker order, ``key`` of the result."""

    key: str
    words: tuple[str, ...]
    labels: tuple[str, ...]
    target: Target

    @property
    def marker_indices(self) -> range:
        """Which of ``words`` are the label markers."""
        return marker_indices(len(self.labels))


@dataclass(frozen=True, slots=True)
class Prompt:
    """All tasks in encoding order, and the choice words that stand before the text words."""

    tasks: tuple[TaskPrompt, ...]
    prefix: tuple[str, ...]
    requested_relations: tuple[str, ...]

    @property
    def relation_names(self) -> dict[str, str]:
        """Result key → name of the relations whose description is part of their key.

        A relation whose name is the key of another task, or whose key another relation has as its name, is
        left out: under that name one of the two answers would be lost.
        """
        keys = Counter(task.key for task in self.tasks)
        return {
            task.key: task.target.name
            for task in self.tasks
            if isinstance(task.target, RelationSpec) and task.target.name not in keys and keys[task.key] == 1
        }

    @property
    def relation_ends(self) -> dict[str, Ends]:
        """The entity types of the ends of relations that have some, by result key and by name."""
        return {
            key: (task.target.head_types, task.target.tail_types)
            for task in self.tasks
            if isinstance(task.target, RelationSpec) and (task.target.head_types or task.target.tail_types)
            for key in (task.key, task.target.name)
        }


def build_prompts(schemas: Sequence[Any], limits: Limits = DEFAULT_LIMITS) -> list[Prompt]:
    """One prompt per schema in any form; a schema object that serves many texts is compiled once.

    Raises:
        SchemaError: see ``compile_schema``, ``check_schema_size`` and :func:`build_prompt`.
    """
    built: dict[int, Prompt] = {}
    for schema in schemas:
        if id(schema) not in built:
            spec = compile_schema(schema)
            check_schema_size(spec, limits)
            built[id(schema)] = build_prompt(spec)
    return [built[id(schema)] for schema in schemas]


def build_prompt(spec: SchemaSpec) -> Prompt:
    """The prompt of a schema: structures, entities, relations, classifications, each as declared.

    Raises:
        SchemaError: a classification's prompt begins like another task's with a different number of labels.
    """
    tasks = [_structure(structure) for structure in spec.structures if structure.prompt_fields]
    if spec.entity_labels:
        tasks.append(_entities(spec))
    tasks += [_relation(relation) for relation in spec.relations if relation.fields]
    owners: dict[str, ClassificationSpec] = {}
    for task in spec.classifications:
        owners.setdefault(task.task, task)
    longest = max(map(len, owners), default=0)
    tasks += [_classification(task, owners, longest) for task in spec.classifications]
    return Prompt(
        tasks=tuple(_read_as_entities(task, spec) if task.key == ENTITIES_KEY else task for task in tasks),
        prefix=tuple(word for group in spec.choice_groups for word in choice_words(group)),
        requested_relations=spec.requested_relations,
    )


def _structure(structure: StructureSpec) -> TaskPrompt:
    head = structure.name + described(structure.descriptions)
    return _task(head, FIELD_MARKER, structure.prompt_fields, structure)


def _entities(spec: SchemaSpec) -> TaskPrompt:
    head = ENTITIES_KEY + described(spec.entity_descriptions)
    return _task(head, ENTITY_MARKER, spec.entity_labels, EntityTask(spec.entities, spec.attributes))


def _relation(relation: RelationSpec) -> TaskPrompt:
    head = f"{relation.name}: {relation.description}" if relation.description else relation.name
    return _task(head, RELATION_MARKER, relation.fields, relation)


def _read_as_entities(task: TaskPrompt, spec: SchemaSpec) -> TaskPrompt:
    """``task``; as in the reference, a structure named ``entities`` is read as the entity task."""
    if isinstance(task.target, (EntityTask, ClassificationSpec)):
        return task
    entities = tuple(entity for entity in spec.entities if entity.name in task.labels)
    return replace(task, target=EntityTask(entities))


def _classification(
    task: ClassificationSpec, owners: Mapping[str, ClassificationSpec], longest: int
) -> TaskPrompt:
    head = f"{task.task}: {task.prompt}" if task.prompt else task.task
    head += described(task.descriptions)
    head += shown_examples(task.examples)
    owner = _owner(head, owners, longest)
    if len(owner.labels) != len(task.labels):
        raise SchemaError(
            f"classification task {task.task!r} cannot be told from task {owner.task!r}, which has other "
            "labels; give the tasks different names"
        )
    prompt = _task(head, LABEL_MARKER, task.labels, owner)
    return TaskPrompt(owner.task, prompt.words, prompt.labels, owner)


def _owner(head: str, owners: Mapping[str, ClassificationSpec], longest: int) -> ClassificationSpec:
    """The declaration that reads a result: the longest task name that starts ``head``.

    ``owners`` has the first declaration of each name, ``longest`` is the length of the longest one.
    """
    for end in range(min(len(head), longest), 0, -1):
        if (end == len(head) or head[end] in ": ") and head[:end] in owners:
            return owners[head[:end]]
    raise SchemaError(f"classification prompt {head!r} starts with no declared task name")


def _task(head: str, marker: str, labels: tuple[str, ...], target: Target) -> TaskPrompt:
    return TaskPrompt(key_of(head), task_words(head, marker, labels), labels, target)
