"""Schemas side by side with the reference: what they build, write, accept and put into the prompt."""

from __future__ import annotations

import copy
import json
import re
from itertools import permutations
from types import SimpleNamespace
from typing import Any

import gliner2
import pytest
from gliner2.inference.runtime import ExtractorRuntimeMixin
from gliner2.inference.schema import AttributeGroup as ReferenceGroup
from gliner2.processor import SchemaTransformer
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from gliner2_lite import schema as lite
from gliner2_lite.errors import SchemaError
from gliner2_lite.prompt.layout import build_prompt
from tests.schema.strategies import CLASSIFICATIONS, NAMES, friendly_dicts
from tests.schema.test_friendly_read import FULL
from tests.schema.test_friendly_read import MISTAKES as FRIENDLY_MISTAKES

REFERENCE = SimpleNamespace(
    Schema=gliner2.Schema, RegexValidator=gliner2.RegexValidator, AttributeGroup=ReferenceGroup
)
# Mistakes that the reference lets through: bools as numbers, markers and blank field or task names.
REPAIRED = ("got bool", "is a marker", "lone surrogate")


class Runtime(ExtractorRuntimeMixin):
    """The reference's schema handling without a model."""


RUNTIME = Runtime()
TRANSFORMER = SchemaTransformer.__new__(SchemaTransformer)
TRANSFORMER.is_training = False


def reference_view(schema: Any) -> dict[str, Any]:
    """Prompt words, prefix and the facts decoding uses, as the reference derives them from a schema."""
    [processor], [metadata] = RUNTIME._build_schema_dicts_and_metadata([schema])
    original, processor = copy.deepcopy(processor), copy.deepcopy(processor)
    prefix = TRANSFORMER._build_classification_prefix(processor)
    if prefix:
        TRANSFORMER._wrap_classification_fields(processor, prefix)
    inferred = TRANSFORMER._infer_from_json(processor)
    words = [tuple(task) for task in inferred["schemas"]]
    choices = {
        f"{name}.{field}": value["choices"]
        for item in original.get("json_structures", [])
        for name, fields in item.items()
        for field, value in fields.items()
        if isinstance(value, dict) and "choices" in value
    }
    structures, relations = [], []
    for task, kind in zip(words, inferred["task_types"], strict=True):
        name = task[2].split(" [DESCRIPTION] ")[0]
        if kind == "relations":
            relations.append(metadata["relation_metadata"].get(name, {}).get("threshold"))
        if kind != "json_structures":
            continue
        order = metadata["field_orders"].get(name, task[5:-2:2])
        fields = []
        for field in dict.fromkeys(order):
            if field in task[5:-2:2]:
                facts = metadata["field_metadata"].get(f"{name}.{field}", {})
                fields.append(
                    (
                        field,
                        facts.get("dtype", "list"),
                        facts.get("threshold"),
                        choices.get(f"{name}.{field}"),
                        len(facts.get("validators", [])),
                    )
                )
        structures.append(fields)
    hidden = metadata["entity_attribute_labels"] if metadata["entity_attribute_groups"] else ()
    entities = [
        (
            name,
            metadata["entity_metadata"].get(name, {}).get("dtype", "list"),
            metadata["entity_metadata"].get(name, {}).get("threshold"),
            len(metadata["entity_metadata"].get(name, {}).get("validators", [])),
        )
        for name in metadata["entity_order"]
        if name not in hidden
    ]
    return {
        "words": words,
        "prefix": tuple(prefix),
        "structures": structures,
        "relations": relations,
        "entities": entities,
        "requested": metadata["relation_order"],
        "attributes": [
            (
                name,
                list(group.labels),
                [metadata["entity_attribute_prompt_labels"][label] for label in group.labels],
                group.multi_label,
                group.threshold,
                None if group.applies_to is None else set(group.applies_to),
            )
            for name, group in metadata["entity_attribute_groups"].items()
        ],
        "classifications": [
            (
                task["task"],
                task.get("multi_label", False),
                task.get("cls_threshold", 0.5),
                task.get("top_k"),
                act if (act := task.get("class_act")) in ("sigmoid", "softmax") else "auto",
            )
            for task in processor.get("classifications", [])
        ],
    }


def lite_view(schema: Any) -> dict[str, Any]:
    spec = lite.compile_schema(schema)
    prompt = build_prompt(spec)
    return {
        "words": [task.words for task in prompt.tasks],
        "prefix": prompt.prefix,
        "structures": [
            [
                (
                    field.name,
                    field.dtype,
                    field.threshold,
                    None if field.choices is None else list(field.choices),
                    len(field.validators),
                )
                for field in structure.fields
            ]
            for structure in spec.structures
        ],
        "relations": [relation.threshold for relation in spec.relations],
        "entities": [(e.name, e.dtype, e.threshold, len(e.validators)) for e in spec.entities],
        "requested": list(spec.requested_relations),
        "attributes": [
            (
                group.name,
                list(group.labels),
                list(group.prompt_labels),
                group.multi_label,
                group.threshold,
                None if group.applies_to is None else set(group.applies_to),
            )
            for group in spec.attributes
        ],
        "classifications": [
            (task.task, task.multi_label, task.threshold, task.top_k, task.class_act)
            for task in spec.classifications
        ],
    }


def friendly(schema: Any) -> dict[str, Any]:
    """``to_dict`` less what the reference loses: the fields of a structure named like a relation.

    A description of an entity counts the same as text and as the only key of a configuration.
    """
    data = schema.to_dict()
    if isinstance(entities := data.get("entities"), dict):
        for name, config in entities.items():
            if isinstance(config, dict) and set(config) == {"description"}:
                entities[name] = config["description"]
    for name in data.get("relations", ()):
        data.get("structures", {}).get(name, {}).pop("fields", None)
    return data


def assert_same(reference: Any, ours: Any) -> None:
    """Equal processor dicts, friendly dicts, prompts and decoding facts."""
    assert ours.build() == reference.build()
    assert friendly(ours) == friendly(reference)
    assert lite_view(ours) == reference_view(reference)


@settings(deadline=None, max_examples=300)
@given(friendly_dicts())
def test_friendly_dicts(data: dict[str, Any]) -> None:
    assert_same(gliner2.Schema.from_dict(data), lite.Schema.from_dict(data))
    text = json.dumps(data)
    assert friendly(lite.Schema.from_json(text)) == friendly(gliner2.Schema.from_json(text))


def rejected(data: Any) -> bool:
    try:
        gliner2.Schema.from_dict(data)
    except (ValueError, TypeError):
        return True
    return False


@pytest.mark.parametrize(("data", "message"), FRIENDLY_MISTAKES)
def test_the_reference_refuses_the_same_dicts(data: Any, message: str) -> None:
    assert rejected(data) is not any(part in message for part in REPAIRED)


# No bools, blanks or markers here: those are refused on purpose where the reference takes them.
ODD_VALUES: list[Any] = [
    *(None, 0, 1, 2, -1, 3.0, 0.5, 1.5, 10**20, "", "x", "0.5", " 1 ", "1e0", "2.0", "yes", "OFF", "nan"),
    *("str", "list", "natural", "auto", "all", "required_one", "a"),
    *([], ["a"], ["a", "b"], ["a", "a"], [1], [["a", "b"]], {}, {"a": "b"}, {"a": {}}, {"a": None}),
    *({"name": "a"}, [{"name": "a"}], {"labels": ["p"]}, {"fields": [{"name": "a"}]}),
    *([{"task": "t", "labels": ["a", "b"]}],),
]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += places(item, (*path, key))
    return found


@settings(deadline=None, max_examples=500)
@given(
    st.one_of(st.just(FULL), friendly_dicts()),
    st.integers(0, 10**6),
    st.sampled_from(["replace", "drop", "rename", "add"]),
    st.sampled_from(ODD_VALUES),
)
def test_spoilt_dicts_are_accepted_or_refused_alike(
    data: dict[str, Any], choice: int, how: str, odd: Any
) -> None:
    data = copy.deepcopy(data)
    found = places(data)
    *outer, key = found[choice % len(found)]
    parent: Any = data
    for step in outer:
        parent = parent[step]
    if how == "replace":
        parent[key] = copy.deepcopy(odd)
    elif how == "drop":
        del parent[key]
    elif isinstance(parent, dict):
        parent[f"{key}2" if how == "rename" else "extra"] = parent.pop(key) if how == "rename" else odd
    else:
        parent.insert(key, copy.deepcopy(odd))
    spelt = spelt_out(data)
    if rejected(spelt):
        with pytest.raises(SchemaError):
            lite.Schema.from_dict(data)
    else:
        assert_same(gliner2.Schema.from_dict(spelt), lite.Schema.from_dict(data))


def spelt_out(data: Any) -> Any:
    """``data`` with the text of a field, which only this project takes there, as the dict it stands for."""
    spelt = copy.deepcopy(data)
    structures = spelt.get("structures") if isinstance(spelt, dict) else None
    for structure in structures.values() if isinstance(structures, dict) else ():
        fields = structure.get("fields") if isinstance(structure, dict) else None
        if isinstance(fields, list):  # no text here has parts
            fields[:] = [{"name": field} if isinstance(field, str) else field for field in fields]
    return spelt


NUMBERS: list[Any] = [
    *(0, 1, 2, -1, 0.5, 1.0, 1.5, 3.0, 10**20, float("nan"), float("inf"), None, [], {}),
    *(
        "0",
        "1",
        "0.5",
        " 0.5 ",
        "+.5",
        "1.",
        "1e-1",
        "1e2",
        "2.0",
        "2.00",
        "2.5",
        " 3 ",
        "3\n",
        "+3",
        "-3",
        "3_0",
    ),
    *("", "x", "nan", "inf", "0x1", "1_0", "٣", "0.5f", "1__0", "_1", "01", "1.", ".0", "- 3", "1.0_0"),
]
FLAG_WORDS: list[Any] = [
    *(True, False, 0, 1, 2, -1, 0.0, 1.0, 0.5, None, [], "", "1.0", " true ", "maybe"),
    *("true", "TRUE", "tRuE", "t", "T", "yes", "Y", "on", "1", "false", "F", "no", "n", "OFF", "0"),
]


@pytest.mark.parametrize("section", ["threshold", "top_k", "flag"])
def test_numbers_and_flags_are_spelt_alike(section: str) -> None:
    for value in FLAG_WORDS if section == "flag" else NUMBERS:
        task = {"task": "t", "labels": ["a", "b"]}
        key = {"threshold": "cls_threshold", "top_k": "top_k", "flag": "multi_label"}[section]
        data = {"classifications": [{**task, key: value}]}
        if rejected(data):
            with pytest.raises(SchemaError):
                lite.Schema.from_dict(data)
        else:
            assert_same(gliner2.Schema.from_dict(data), lite.Schema.from_dict(data))


FLAGS = st.sampled_from([None, 0, 0.3, 1.0, 2, -0.5])
VALIDATORS = st.sampled_from([None, [], [("[a-z]+",)], [("x", "partial"), ("y", "full", True)]])
CONFIGS = st.one_of(
    st.sampled_from(["", "text", None, 5]),
    st.fixed_dictionaries(
        {},
        optional={"description": st.sampled_from(["", "d: e"]), "threshold": FLAGS, "validators": VALIDATORS},
    ),
)
RELATION_CONFIGS = st.one_of(
    st.sampled_from(["", "text", None, 5]),
    st.fixed_dictionaries({}, optional={"description": st.sampled_from(["", "d: e"]), "threshold": FLAGS}),
)
POOL = st.sampled_from([*NAMES, "a [DESCRIPTION] b", "a: text", "see [E]"])


def types(configs: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(POOL, st.lists(POOL, max_size=3), st.dictionaries(POOL, configs, max_size=3))


CALLS = st.one_of(
    st.tuples(
        st.just("entities"),
        st.fixed_dictionaries(
            {"entity_types": types(CONFIGS)},
            optional={
                "dtype": st.sampled_from(["str", "list"]),
                "threshold": FLAGS,
                "validators": VALIDATORS,
            },
        ),
    ),
    st.tuples(
        st.just("relations"),
        st.fixed_dictionaries({"relation_types": types(RELATION_CONFIGS)}, optional={"threshold": FLAGS}),
    ),
    st.tuples(st.just("classification"), CLASSIFICATIONS.map(lambda tasks: tasks[0])),
    st.tuples(st.just("structure"), st.fixed_dictionaries({"name": POOL})),
    st.tuples(
        st.just("field"),
        st.fixed_dictionaries(
            {"name": POOL},
            optional={
                "dtype": st.sampled_from(["str", "list"]),
                "choices": st.sampled_from([None, [], [""], ["x", "Y z", "x"]]),
                "description": st.sampled_from([None, "", "about: it"]),
                "threshold": FLAGS,
                "validators": VALIDATORS,
                "cardinality": st.sampled_from([None, "required_one"]),
                "exclusive": st.booleans(),
            },
        ),
    ),
    st.tuples(
        st.just("entity_attributes"),
        st.fixed_dictionaries(
            {
                "groups": st.dictionaries(
                    st.sampled_from(["tone", "size", "text"]),
                    st.fixed_dictionaries(
                        {"labels": st.lists(st.sampled_from(["a", "p", "q", ""]), max_size=2)},
                        optional={
                            "qualify_labels": st.booleans(),
                            "multi_label": st.booleans(),
                            "threshold": st.sampled_from([0.1, 0.5, 1.5]),
                            "applies_to": st.sampled_from([None, [], ["a"], ["zz"]]),
                        },
                    ),
                    max_size=2,
                )
            }
        ),
    ),
)


def objects(arguments: dict[str, Any], library: Any) -> dict[str, Any]:
    """The arguments with validators and groups as objects of ``library``."""
    result = {}
    for key, value in arguments.items():
        if key == "validators" and value:
            value = [library.RegexValidator(*item) for item in value]
        elif key == "groups":
            value = {name: library.AttributeGroup(**group) for name, group in value.items()}
        elif isinstance(value, dict):
            value = objects(value, library)
        result[key] = value
    return result


def replay(calls: list[tuple[str, dict[str, Any]]], library: Any) -> tuple[Any, int | None]:
    """The builder after the calls, and the number of the first one that was refused."""
    target = library.Schema()
    for number, (method, arguments) in enumerate(calls):
        try:
            target = getattr(target, method)(**objects(arguments, library))
        except (ValueError, TypeError):
            return target, number
    return target, None


@settings(deadline=None, max_examples=500)
@given(st.lists(CALLS, min_size=1, max_size=7))
def test_builder_calls(calls: list[tuple[str, dict[str, Any]]]) -> None:
    in_structure, kept = False, []
    for (
        method,
        arguments,
    ) in calls:  # outside a structure neither library has field()
        in_structure = method == "structure" or (method == "field" and in_structure)
        if method != "field" or in_structure:
            kept.append((method, arguments))
    reference, refused = replay(kept, REFERENCE)
    ours, refused_here = replay(kept, lite)
    assert refused_here == refused
    if refused is None:
        tasks = [task["task"] for task in reference.build()["classifications"]]
        # Tasks that one prompt could belong to are told apart by the prompt layer, not by the schema.
        assume(not any(one.startswith(other) for one, other in permutations(tasks, 2)))
        assert_same(reference, ours)


PARTS = ["name", "str", "list", "[x|y]", "[]", "[ x ]", "a text", "", "STR"]
SPECS = st.one_of(
    st.text(alphabet=st.sampled_from("ab|: []"), max_size=6),
    st.lists(
        st.sampled_from(["name", "str", "list", "[x|y]", "[]", "[ x ]", "a text", "", "STR"]), max_size=4
    ).map("::".join),
)


@settings(deadline=None, max_examples=200)
@given(SPECS)
def test_mini_language(spec: str) -> None:
    try:
        ours = lite.structures_schema({"s": [spec]})
    except SchemaError as error:
        assert re.search("no field name|bracket without its partner", str(error))
        return
    assert_same(RUNTIME._json_schema({"s": [spec]}), ours)


@pytest.mark.parametrize(
    "tasks",
    [
        {},
        {"t": ["a"], "u": {"x": "1", "y": "2"}},
        {"t": {"labels": ["a", "b"], "multi_label": True, "cls_threshold": 0.2, "top_k": 2}},
        {"t": {"labels": {"a": "1"}, "prompt": "p", "examples": [("x", "a"), ("y", "z")]}},
        {"t": {"labels": ["a", "b"], "class_act": "auto", "label_descriptions": {"b": "x"}}},
    ],
)
def test_classification_tasks(tasks: dict[str, Any]) -> None:
    reference, ours = RUNTIME._classification_schema(tasks), lite.classification_schema(tasks)
    assert ours.build() == reference.build()
    assert lite_view(ours) == reference_view(reference)


@pytest.mark.parametrize(
    "raw",
    [
        {},
        {"entities": ["b", "a", "b"], "entity_descriptions": {"a": "x", "z": "y", "b": ""}},
        {"entities": {"a": "gold", "b": ["x", None], "c": None}},
        {"relations": [{"r": {"head": "", "tail": ""}}, {"q": {"from": "", "to": "", "via": ""}}]},
        {"relations": [{"r": {"b": "", "a": ""}, "q": {"x": ""}}, {"r": {"c": ""}}]},
        {"relations": [{"r": {"head": "", "tail": ""}}], "relation_descriptions": {"r": "d", "q": ""}},
        {
            "json_structures": [
                {"s": {"f": "", "k": {"value": "", "choices": ["x", "Y z"]}}, "t": {}},
                {"s": {"g": "gold", "k": ""}, "u": {"k": {"value": "x", "choices": []}}},
            ],
            "json_descriptions": {"s": {"g": "", "k": "d", "z": "e"}, "u": None},
        },
        {
            "classifications": [
                {"task": "c", "labels": ["p", "n", "p"], "true_label": "p"},
                {"task": "d", "labels": ["x"], "multi_label": True, "examples": [("one", "x"), ("two", "y")]},
            ]
        },
        gliner2.Schema.from_dict(FULL).build(),
    ],
)
def test_processor_dicts(raw: dict[str, Any]) -> None:
    assert lite_view(raw) == reference_view(raw)


@given(
    st.sampled_from(["[a-z]+", "x", "", "a|b", r"\d"]),
    st.sampled_from(["full", "partial"]),
    st.booleans(),
    st.sampled_from([0, 2]),
    st.text("abxX1 ", max_size=4),
)
def test_validators(pattern: str, mode: Any, exclude: bool, flags: int, text: str) -> None:
    arguments = (pattern, mode, exclude, flags)
    reference, ours = gliner2.RegexValidator(*arguments), lite.RegexValidator(*arguments)
    assert ours.validate(text) == reference.validate(text) == ours(text)
    assert repr(ours) == repr(reference)


def test_groups_have_the_same_fields() -> None:
    assert repr(lite.AttributeGroup(["a"])) == repr(ReferenceGroup(["a"]))
