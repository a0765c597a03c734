"""Structures: list and scalar fields, several structures, choices and the field mini-language."""

from __future__ import annotations

from collections.abc import Iterator

from tests.golden.questions.common import BOTH, FLAGS, Case, Program, ask
from tests.golden.texts import ODD, PLAIN

FIELD_SPECS = (
    "colour::[black|blue|red]",
    "colour::[black|blue|red]::list",
    "colour::list::[black|blue]",
    "colour::[black|blue]::str::the colour",
    "colour::str::[black | blue ]::any",
    "colour::[Black|BLUE|dark green]",
    "colour::[]",
    "colour::[|blue]",
    "colour::[blue|blue|Blue]::list",
    "colour::STR",
    "colour::first::second",
    "colour::",
    "colour::list::str",
    "colour::[a|b]::[c|d]",
)


def structures() -> Iterator[Case]:
    phone = {"phone": ["name::str", "price", "colour::list::any colour", "size::str::display size in inches"]}
    many = {"booking": ["who::str", "place::str", "what"], "visit": ["when::str"]}
    prescription = (
        Program()
        .structure("prescription")
        .field("drug", dtype="str", threshold=0.2, description="name of the drug")
        .field("dose", threshold=0.9)
        .field("patient", dtype="str", threshold=0.0)
    )
    for flags in FLAGS:
        yield ask("phone", "extract_json", text=PLAIN["phone"], structures=phone, **flags)
        yield ask("event", "extract_json", text=PLAIN["event"], structures=many, threshold=0.3, **flags)
        raw = {"format_results": False, "threshold": 0.4, **flags}
        yield ask("raw-results", "extract_json", text=PLAIN["order"], structures=many, **raw)
        yield ask("field-thresholds", "extract", text=PLAIN["clinic"], schema=prescription, **flags)
    dicts = [
        {"name": "thing", "dtype": "str", "description": "what was ordered"},
        {"name": "amount"},
        {"name": "kind", "choices": ["cup", "spoon"], "dtype": "list"},
    ]
    yield ask("field-dicts", "extract_json", text=PLAIN["order"], structures={"item": dicts}, **BOTH)
    yield ask("impossible", "extract_json", text=PLAIN["apple"], structures=phone, threshold=1.0)
    six = {"product": ["name::str", "brand::str", "price::str", "feature", "colour", "country"]}
    for name in ("apple", "merger", "review", "science"):
        yield ask(name, "extract_json", text=PLAIN[name], structures=six, threshold=0.4, **BOTH)


def odd_structures() -> Iterator[Case]:
    """Structures that the formatter treats in ways of its own."""
    job = Program().structure("job").field("who", dtype="str").field("role")
    programs = {
        "twice": job.structure("job").field("firm").field("who", dtype="list"),
        "no-fields": Program().structure("empty").entities(["person"]),
        "head-tail": Program().structure("link").field("head").field("tail", dtype="str"),
        "named-entities": Program().structure("entities").field("person"),
        "same-name": Program().structure("kind").field("a").classification("kind", ["x", "y"]),
        "odd-dtype": Program().structure("s").field("a", dtype="STR").field("b", dtype="list"),
        "builder-only": Program().structure("visit").field("who").field("when", dtype="str"),
    }
    for name, program in programs.items():
        yield ask(name, "extract", text=PLAIN["jobs"], schema=program, threshold=0.2)
        yield ask(name, "extract", text=PLAIN["event"], schema=program, threshold=0.3, **BOTH)


def choices() -> Iterator[Case]:
    text = PLAIN["phone"]
    for spec in FIELD_SPECS:
        fields = {"phone": ["name::str", spec]}
        yield ask("mini", "extract_json", text=text, structures=fields, threshold=0.3, **BOTH)
    several = {"product": ["kind::[phone|laptop]", "colour::[black|blue]::list", "sold::[yes|no]"]}
    mixed = (
        Program()
        .structure("phone")
        .field("colour", choices=["black", "blue"], threshold=0.05, dtype="list")
        .field("kind", choices=["phone", "tablet"], dtype="str", threshold=0.95)
        .field("name", dtype="str", choices=[])
        .entities(["product"])
        .classification("topic", ["tech", "food"])
    )
    for flags in FLAGS:
        yield ask("flags", "extract_json", text=text, structures=several, threshold=0.4, **flags)
        yield ask("mixed", "extract", text=text, schema=mixed, **flags)
    for threshold in (0.0, 0.1, 0.9, 1.0):
        fields = {"product": ["kind::[phone|laptop|]", "colour::[black|blue]::list"]}
        yield ask("thresholds", "extract_json", text=text, structures=fields, threshold=threshold)
    shared = {"phone": ["kind::[phone|kind|(]", "colour::[|||phone|COLOUR]::list", "phone::[phone:|,|)]"]}
    yield ask("repeat-prefix", "extract_json", text=text, structures=shared, threshold=0.2, **BOTH)
    two = {"a": ["size::[small|large]", "name"], "b": ["size::[large|huge]::list", "price"]}
    yield ask("two-groups", "extract_json", text=text, structures=two, threshold=0.3, **BOTH)
    yield ask("two-groups-raw", "extract_json", text=text, structures=two, format_results=False)
    twice = (
        Program()
        .structure("pet")
        .field("kind", choices=["cat", "dog"], dtype="str")
        .structure("pet")
        .field("kind", choices=["dog", "fish"], dtype="list")
        .field("name")
    )
    yield ask("twice", "extract", text=PLAIN["event"], schema=twice, threshold=0.1, **BOTH)
    fields = {"r": ["kind::[news|\u2163|Zu\u0308rich|\u200b]", "what::str"]}
    for name in ("chinese", "emoji", "one_word", "empty", "zero_width_words", "combining"):
        yield ask(name, "extract_json", text=ODD[name], structures=fields, threshold=0.2, **BOTH)
