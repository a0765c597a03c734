"""docs/schema.md and the code know the same keys with the same defaults, and its examples are accepted.

Each table of the page stands for something that the code declares: a signature, a dataclass or a set of keys.
"""

from __future__ import annotations

import argparse
import ast
import inspect
import json
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields, make_dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import pytest

import gliner2_lite
from gliner2_lite import (
    AnswerError,
    AttributeGroup,
    GLiNER2,
    Limits,
    RegexValidator,
    Schema,
    SchemaError,
    StructureBuilder,
    instances,
)
from gliner2_lite.cli.task_options import add_task_options, build_schema
from gliner2_lite.schema import compile_schema
from gliner2_lite.schema import friendly_read as friendly
from gliner2_lite.schema.builder import CLASSIFICATION_OPTIONS, ENTITY_KEYS, RELATION_KEYS
from gliner2_lite.schema.compile import CLASSIFICATION_KEYS
from gliner2_lite.schema.convenience import (
    TASK_KEYS,
    classification_schema,
    entities_schema,
    relations_schema,
    structures_schema,
)
from gliner2_lite.schema.dict_forms import PROCESSOR_KEYS
from gliner2_lite.schema.fields import FIELD_KEYS, FieldDeclaration, parse_field
from gliner2_lite.schema.limits import (
    CARDINALITIES,
    CLASS_ACTIVATIONS,
    DTYPES,
    OCCURRENCE_POLICIES,
    RECORD_MODES,
)
from gliner2_lite.schema.spec import ClassificationSpec

PAGE = Path(__file__).resolve().parent.parent / "docs" / "schema.md"
REQUIRED, NOTHING = "required", "—"
NAMES = {
    "AttributeGroup": AttributeGroup, "Limits": Limits, "RegexValidator": RegexValidator, "Schema": Schema,
    "re": re,
}  # fmt: skip
#: Words that a key takes, wherever the page has it.
WORDS = {
    "dtype": DTYPES,
    "class_act": CLASS_ACTIVATIONS,
    "cardinality": CARDINALITIES,
    "occurrence_policy": OCCURRENCE_POLICIES,
}

Row = list[str]
Defaults = Mapping[str, Any]


def read_tables(text: str) -> dict[tuple[str, str], list[list[Row]]]:
    """The tables of a page under (heading, first cell of the header); cells without the marks of code."""
    found: dict[tuple[str, str], list[list[Row]]] = {}
    heading = ""
    rows: list[Row] = []
    for line in [*re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL).splitlines(), ""]:
        if line.startswith("|"):
            rows.append([_plain(cell) for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
        elif rows:
            found.setdefault((heading, rows[0][0]), []).append(rows[2:])
            rows = []
        if line.startswith("#"):
            heading = line.lstrip("#").strip()
    return found


def _plain(cell: str) -> str:
    cell = cell.strip().replace("\\|", "|")
    return cell[1:-1] if re.fullmatch(r"`[^`]+`", cell) else cell


TABLES = read_tables(PAGE.read_text(encoding="utf-8"))


def of_signature(function: Callable[..., Any], extras: Iterable[str] = ()) -> Defaults:
    """Defaults of a function's arguments, and of the keywords that it takes besides."""
    parameters = list(inspect.signature(function).parameters.values())
    named = {p.name: p for p in parameters if p.name not in ("self", "cls") and p.kind != p.VAR_KEYWORD}
    found = {name: REQUIRED if p.default is p.empty else p.default for name, p in named.items()}
    return found | {name: TASK[name] for name in extras if name not in found}


def of_dataclass(kind: type) -> Defaults:
    """Defaults of what its constructor takes."""
    return {f.name: REQUIRED if f.default is MISSING else f.default for f in fields(kind) if f.init}


def of_tuple(kind: type) -> Defaults:
    """Defaults of the fields of a named tuple."""
    return {name: REQUIRED for name in vars(kind)["_fields"]} | vars(kind)["_field_defaults"]


def chosen(keys: Iterable[str], *sources: Defaults) -> Defaults:
    """The default of each key, from the first source that knows it."""
    return {key: next((source[key] for source in sources if key in source), "no default") for key in keys}


# A task's options have the defaults of its frozen form; an empty one says nothing.
TASK: Defaults = {
    {"threshold": "cls_threshold", "descriptions": "label_descriptions"}.get(name, name): value or None
    if value in ((), None)
    else value
    for name, value in of_dataclass(ClassificationSpec).items()
} | {"true_label": None, "descriptions": None}
ENTITY = of_signature(Schema.entities) | {"description": None}
RELATION = of_signature(Schema.relations) | {"description": None, "head": None, "tail": None}
STRUCTURE = {"fields": REQUIRED} | of_signature(Schema.structure)
FIELD = of_signature(StructureBuilder.field)
GROUP = of_dataclass(AttributeGroup)
PROCESSOR: Defaults = {"record_metadata": {}} | Schema().build()


def has_key(key: str, value: Any) -> bool:
    """Whether ``key`` is in a dict or in one of its values."""
    if isinstance(value, list):
        return any(has_key(key, item) for item in value)
    return isinstance(value, dict) and (key in value or any(has_key(key, item) for item in value.values()))


def python_value(use: Callable[[Any], Schema | Mapping[str, Any]]) -> Callable[[str, str], None]:
    """Checks an example that is a Python value: it has the key, and ``use`` makes a schema of it."""

    def check(key: str, example: str) -> None:
        value = eval(example, dict(NAMES))
        assert has_key(key, value), example
        compile_schema(use(value))

    return check


ENDS = ["person", "company"]  # the types of the ends of relations in the examples


def with_entities(relations: Any) -> Schema:
    return Schema().entities(ENDS).relations(relations)


def json_value(wrap: Callable[[Any], dict[str, Any]]) -> Callable[[str, str], None]:
    """The same for JSON of one section, which ``wrap`` puts in its place."""

    def check(key: str, example: str) -> None:
        value = json.loads(example)
        assert has_key(key, value), example
        compile_schema(Schema.from_json(json.dumps(wrap(value))))

    return check


def accepts(data: dict[str, Any]) -> bool:
    try:
        Schema.from_dict(data)
    except SchemaError:
        return False
    return True


def call_of(method: str, function: Callable[..., Any]) -> Callable[[str, str], None]:
    """Checks an example that is Python code: some call of ``method`` in it gives the argument."""

    def check(key: str, example: str) -> None:
        given: set[str] = set()
        for node in ast.walk(ast.parse(example)):
            if isinstance(node, ast.Call) and method == ast.unparse(node.func).rpartition(".")[2]:
                keywords = {word.arg: None for word in node.keywords if word.arg is not None}
                owner = () if inspect.isclass(function) or inspect.ismethod(function) else (None,)
                bound = inspect.signature(function).bind(*owner, *(None for _ in node.args), **keywords)
                given |= {*bound.arguments, *bound.arguments.get("extras", {})}
        assert key in given, example
        made = eval(example, dict(NAMES))
        if isinstance(made, AttributeGroup):
            made = Schema().entities("person").entity_attributes({"tone": made})
        if isinstance(made, RegexValidator):
            made = Schema().entities("price", validators=[made])
        compile_schema(made)

    return check


def field_text(key: str, example: str) -> None:
    """Checks an example of the mini-language: it says something about this part."""
    field = parse_field(example)
    assert getattr(field, key) != of_tuple(FieldDeclaration)[key]
    compile_schema(structures_schema({"product": [example]}))


def parse_options(arguments: str) -> Schema:
    parser = argparse.ArgumentParser()
    add_task_options(parser)
    return build_schema(parser.parse_args(shlex.split(arguments)))


def command_line(key: str, example: str) -> None:
    """Checks options: they begin with this one and make a schema."""
    assert example.startswith(f"{key} ")
    if key != "--schema":  # a file of its own
        compile_schema(parse_options(example))


def options() -> Defaults:
    parser = argparse.ArgumentParser()
    add_task_options(parser)
    return {action.option_strings[-1]: "none" for action in parser._actions if action.dest != "help"}


@dataclass(frozen=True)
class Expected:
    """What the code says of one table, and how to check an example of it."""

    heading: str
    header: str
    defaults: Defaults
    check: Callable[[str, str], None]
    place: int = 0  # which of several tables with this heading and header


#: Heading of a table of JSON keys → the schema that an example of it belongs into.
SECTIONS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "entities": lambda value: {"entities": {"price": value}},
    "entity_attributes": lambda value: {"entities": ["person"], "entity_attributes": {"tone": value}},
    "structures": lambda value: {"structures": {"product": value}},
    "structures.fields": lambda value: {"structures": {"product": {"fields": [value]}}},
    "classifications": lambda value: {"classifications": [value]},
    "relations": lambda value: {"entities": ENDS, "relations": {"works_for": value}},
}
#: Keys that may be null although their default is a value.
NULL_TOO = {("entities", "dtype"), ("classifications", "class_act")}
EXPECTED = [
    Expected("Entity types", "key", chosen(ENTITY_KEYS, ENTITY), python_value(entities_schema)),
    Expected("Relation types", "key", chosen(RELATION_KEYS, RELATION), python_value(with_entities)),
    Expected("Classification tasks", "key", chosen(TASK_KEYS, TASK), python_value(classification_schema)),
    Expected("Fields", "part", of_tuple(FieldDeclaration), field_text),
    Expected(
        "Fields", "key", chosen(FIELD_KEYS, of_tuple(FieldDeclaration)),
        python_value(lambda field: structures_schema({"product": [field]})),
    ),
    Expected(
        "Schema.entities", "argument", of_signature(Schema.entities), call_of("entities", Schema.entities)
    ),
    Expected(
        "Schema.entity_attributes", "argument", of_signature(Schema.entity_attributes),
        call_of("entity_attributes", Schema.entity_attributes),
    ),
    Expected("AttributeGroup", "field", GROUP, call_of("AttributeGroup", AttributeGroup)),
    Expected(
        "Schema.relations", "argument", of_signature(Schema.relations), call_of("relations", Schema.relations)
    ),
    Expected(
        "Schema.classification", "argument", of_signature(Schema.classification, CLASSIFICATION_OPTIONS),
        call_of("classification", Schema.classification),
    ),
    Expected(
        "Schema.structure", "argument", of_signature(Schema.structure), call_of("structure", Schema.structure)
    ),
    Expected("StructureBuilder.field", "argument", FIELD, call_of("field", StructureBuilder.field)),
    Expected(
        "RegexValidator", "field", of_dataclass(RegexValidator), call_of("RegexValidator", RegexValidator)
    ),
    Expected(
        "Schema.from_json", "argument", of_signature(Schema.from_json), call_of("from_json", Schema.from_json)
    ),
    Expected(
        "Schema.from_model", "argument", of_signature(Schema.from_model),
        call_of("from_model", Schema.from_model),
    ),
    Expected(
        "Schema.from_file", "argument", of_signature(Schema.from_file), call_of("from_file", Schema.from_file)
    ),
    Expected("Dict and JSON", "key", dict.fromkeys(friendly.SCHEMA_KEYS), json_value(lambda value: value)),
    Expected("entities", "key", chosen(friendly.ENTITY_READERS, ENTITY), json_value(SECTIONS["entities"])),
    Expected(
        "entity_attributes", "key", chosen(friendly.GROUP_READERS, GROUP),
        json_value(SECTIONS["entity_attributes"]),
    ),
    Expected(
        "structures", "key", chosen(friendly.STRUCTURE_READERS, STRUCTURE), json_value(SECTIONS["structures"])
    ),
    Expected(
        "structures.fields", "key", chosen(friendly.FIELD_READERS, FIELD),
        json_value(SECTIONS["structures.fields"]),
    ),
    Expected(
        "classifications", "key", chosen(friendly.CLASSIFICATION_READERS, TASK),
        json_value(SECTIONS["classifications"]),
    ),
    Expected(
        "relations", "key", chosen(friendly.RELATION_READERS, RELATION), json_value(SECTIONS["relations"])
    ),
    Expected("Command line", "option", options(), command_line),
    Expected("Processor dict", "key", chosen(PROCESSOR_KEYS, PROCESSOR), python_value(lambda value: value)),
    Expected(
        "Processor dict", "key", chosen(CLASSIFICATION_KEYS, TASK),
        python_value(lambda value: {"classifications": [value]}), place=1,
    ),
]  # fmt: skip
#: Forms of a whole argument, in the table with the header "form".
FORMS = {
    "Entity types": entities_schema,
    "Relation types": relations_schema,
    "Classification tasks": classification_schema,
    "Fields": structures_schema,
}


def of_table(expected: Expected) -> list[Row]:
    return TABLES[expected.heading, expected.header][expected.place]


def named(expected: Expected) -> str:
    return f"{expected.heading}, {expected.header} {expected.place}"


def read_default(cell: str) -> Any:
    """The value that a cell of the column "default" stands for."""
    if cell in (REQUIRED, "none"):
        return cell
    if cell == NOTHING:
        return None
    return {"true": True, "false": False}[cell] if cell in ("true", "false") else eval(cell, dict(NAMES))


@pytest.mark.parametrize("expected", EXPECTED, ids=named)
def test_keys_and_defaults_are_those_of_the_code(expected: Expected) -> None:
    documented = {row[0]: read_default(row[2]) for row in of_table(expected)}
    assert len(documented) == len(of_table(expected)), "a key stands twice"
    assert documented == dict(expected.defaults)


@pytest.fixture
def schema_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that examples name."""
    (tmp_path / "schema.json").write_text('{"entities": ["person"]}', encoding="utf-8")
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("schema_file")
@pytest.mark.parametrize("expected", EXPECTED, ids=named)
def test_examples_are_accepted_and_show_their_key(expected: Expected) -> None:
    for key, _, _, example, *_ in of_table(expected):
        expected.check(key, example)


@pytest.mark.parametrize("expected", EXPECTED, ids=named)
def test_words_that_a_key_takes_are_listed(expected: Expected) -> None:
    for key, kind, *_ in of_table(expected):
        words = WORDS.get(key) or (
            RECORD_MODES if key == "mode" and expected.heading != "RegexValidator" else ()
        )
        assert set(words) <= set(re.findall(r"\w+", kind)), key


@pytest.mark.parametrize("heading", SECTIONS)
def test_null_counts_as_absent_where_the_page_says_so(heading: str) -> None:
    [rows] = TABLES[heading, "key"]
    for key, _, default, example, *_ in rows:
        nullable = default == NOTHING or (heading, key) in NULL_TOO
        assert accepts(SECTIONS[heading]({**json.loads(example), key: None})) == nullable, key


def test_a_section_may_be_null() -> None:
    for key in friendly.SCHEMA_KEYS:
        assert accepts({"entities": ["person"], "relations": ["works_for"], key: None}), key


@pytest.mark.parametrize("heading", FORMS)
def test_forms_of_an_argument_are_accepted(heading: str) -> None:
    [rows] = TABLES[heading, "form"]
    for _, example in rows:
        compile_schema(FORMS[heading](eval(example, dict(NAMES))))


#: What the annotations of the page are made of.
TYPES = {"Decimal": Decimal, "Literal": Literal, "date": date, "datetime": datetime}


def test_annotations_and_json_schemas_are_asked_as_the_page_says() -> None:
    [rows] = TABLES["Schema.from_model", "annotation"]
    for annotation, node, asked in rows:
        model = make_dataclass("Made", [("value", eval(annotation, dict(TYPES)))])
        document = {"title": "Made", "type": "object", "properties": {"value": json.loads(node)}}
        for form in (model, document):
            [found] = Schema.from_model(form).to_dict()["structures"]["Made"]["fields"]
            assert found == {"name": "value", **json.loads(asked)}, annotation


def made(result: Any, annotation: str, **default: Any) -> Any:
    """The one value that ``instances`` gives for a field with this annotation."""
    model = make_dataclass("Made", [("value", eval(annotation, dict(TYPES)), field(**default))])
    [instance] = instances({"Made": [{"value": result}]}, model)
    return instance.value


def test_texts_become_the_values_of_the_page() -> None:
    [rows] = TABLES["Instances", "annotation"]
    for annotation, text, value in rows:
        if value == NOTHING:
            assert made(text, f"{annotation} | None") is None, text
            with pytest.raises(AnswerError, match=re.escape(repr(text))):
                made(text, annotation, default=0)
        else:
            found, wanted = made(text, annotation), eval(value, dict(TYPES))
            assert (type(found), found) == (type(wanted), wanted), text


def test_what_is_missing_is_what_the_page_says() -> None:
    [rows] = TABLES["Instances", "the field"]
    assert [row[1] for row in rows] == ["the default", "None", "an empty one", "AnswerError"]
    assert made(None, "int", default=7) == made(None, "int | None", default=7) == 7
    assert made(None, "int | None") is None and made([], "list[int]") == []
    for annotation, text in [("int", None), ("int", "x"), ("list[int]", ["x"])]:
        with pytest.raises(AnswerError):
            made(text, annotation)


def test_every_table_is_one_that_is_compared() -> None:
    known = {(e.heading, e.header, e.place) for e in EXPECTED}
    known |= {
        ("Schema.from_model", "annotation", 0),
        ("Instances", "annotation", 0),
        ("Instances", "the field", 0),
    }
    known |= {(heading, "form", 0) for heading in FORMS} | {("Schemas", "form", 0), ("Builder", "method", 0)}
    known |= {("Dict and JSON", "found", 0)}  # tests/schema/test_forms.py has its cases
    found = {(*key, place) for key, tables in TABLES.items() for place in range(len(tables))}
    assert found == known


def test_every_public_method_of_the_builder_is_named() -> None:
    [rows] = TABLES["Builder", "method"]
    public = {name for name in vars(Schema) if not name.startswith("_")}
    assert {row[0] for row in rows} == public
    on_structure = {name for name in vars(StructureBuilder) if not name.startswith("_")}
    assert on_structure == {"field", "finish"}  # the second is called by whatever comes next


def test_methods_that_take_a_form_are_named() -> None:
    """Each one-task method of the model, and what the package exports for schemas."""
    text = PAGE.read_text(encoding="utf-8")
    tasks = {name for name in dir(GLiNER2) if re.fullmatch(r"(extract|classify)_(?!iter$|long$)[a-z]+", name)}
    assert tasks == {"extract_entities", "extract_json", "extract_relations", "classify_text"}
    assert all(f"`{name}(text, " in text for name in tasks)
    exported = {"Schema", "AttributeGroup", "RegexValidator", "StructureBuilder", "Limits", "SchemaError"}
    assert exported <= set(gliner2_lite.__all__) and all(name in text for name in exported)
