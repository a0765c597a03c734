"""Entities: plain and odd texts, options, attributes, validators."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from tests.golden.questions.common import BOTH, FLAGS, NER, POLICIES, Case, Program, ask, group, regex
from tests.golden.texts import LONG, ODD, PLAIN


def plain_entities() -> Iterator[Case]:
    labels = cycle((NER, ["product", "price"], ["drug", "dose", "person"], ["number"], ["place", "animal"]))
    flags, thresholds = cycle(FLAGS), cycle((0.5, 0.3, 0.7))
    for name, text in PLAIN.items():
        for _ in range(2):
            options = {"entity_types": next(labels), "threshold": next(thresholds), **next(flags)}
            yield ask(name, "extract_entities", text=text, **options)


def odd_texts() -> Iterator[Case]:
    """Every odd text asked for entities and, in turn, for one of the other kinds."""
    flags = cycle((BOTH, {}, {"include_confidence": True}))
    fields = ["who::str", "what::list", "tone::[calm|loud]"]
    tasks = {"tone": ["calm", "loud", "odd"]}
    others = cycle(
        (
            ("extract_json", {"structures": {"record": fields}, "threshold": 0.4, **BOTH}),
            ("extract_relations", {"relation_types": ["meets", "in"], "threshold": 0.4}),
            ("classify_text", {"tasks": tasks, "include_confidence": True}),
        )
    )
    for name, text in ODD.items():
        labels = {"entity_types": ["person", "thing"], "threshold": 0.35}
        yield ask(name, "extract_entities", text=text, **labels, **next(flags))
        method, options = next(others)
        yield ask(name, method, text=text, **options)
    # Words that a tokenizer drops often tie with their neighbours: ask again where few spans pass.
    for name in ("combining", "zero_width", "zero_width_words", "private_use", "controls", "emoji_zwj"):
        for threshold in (0.7, 0.9):
            text, labels = ODD[name], ["name", "city"]
            yield ask(name, "extract_entities", text=text, entity_types=labels, threshold=threshold, **BOTH)


def entity_options() -> Iterator[Case]:
    text = PLAIN["merger"]
    described = {"company": "a firm or corporation", "person": "someone's name", "money": ""}
    config = {
        "company": {"description": "a firm", "threshold": 0.2},
        "person": {"dtype": "str", "threshold": 0.1},
        "amount": {"dtype": "str", "threshold": 0.99},
        "place": "a city",
        "other": None,
    }
    raw_scalar = {"person": {"dtype": "str", "threshold": 1.0}, "place": {"dtype": "str"}}
    scalar = Program().entities(["person", "place"], dtype="str", threshold=0.3)
    jobs, event = PLAIN["jobs"], PLAIN["event"]
    for flags in FLAGS:
        yield ask("described", "extract_entities", text=text, entity_types=described, **flags)
        yield ask("config", "extract_entities", text=text, entity_types=config, **flags)
        yield ask("scalar", "extract", text=event, schema=scalar, **flags)
        repeated = {"entity_types": ["city"], "threshold": 0.05, **flags}
        yield ask("repeated", "extract_entities", text=PLAIN["repeat"], **repeated)
        raw = {"format_results": False, **flags}
        yield ask("raw-results", "extract_entities", text=jobs, entity_types=NER, **raw)
        yield ask("raw-scalar", "extract_entities", text=jobs, entity_types=raw_scalar, **raw)
    for threshold in (0.0, 0.01, 0.15, 0.85, 0.999, 1.0):
        options = {"entity_types": NER, "threshold": threshold, **BOTH}
        yield ask(f"threshold-{threshold}", "extract_entities", text=event, **options)
    odd_dtype = Program().entities({"person": {"dtype": "first"}, "place": {"dtype": "list"}})
    yield ask("odd-dtype", "extract", text=PLAIN["apple"], schema=odd_dtype, threshold=0.2)
    yield ask("single-name", "extract_entities", text=PLAIN["apple"], entity_types="person")
    again = Program().entities(["a person", "city"]).entities({"city": "big", "a person": {"dtype": "str"}})
    yield ask("again", "extract", text=jobs, schema=again, threshold=0.3, **BOTH)


def attributes() -> Iterator[Case]:
    one = {"sentiment": group("positive", "negative")}
    many = {
        "role": group("buyer", "seller", "broker", multi_label=True, threshold=0.2),
        "size": group("small", "large", applies_to=["company"], qualify_labels=True),
    }
    strict = {
        "tone": group("warm", "cold", multi_label=True, threshold=0.9),
        "kind": group("company", "z", qualify_labels=True, applies_to=[]),
    }
    text = PLAIN["merger"]
    for groups in (one, many, strict):
        program = Program().entities(["person", "company"]).entity_attributes(groups)
        for flags in FLAGS:
            yield ask("groups", "extract", text=text, schema=program, threshold=0.35, **flags)
    scalar = {"person": {"dtype": "str", "threshold": 0.2}, "place": {"dtype": "str", "threshold": 1.0}}
    program = Program().entities(scalar).entity_attributes(one).classification("topic", ["a", "b"])
    yield ask("scalar", "extract", text=PLAIN["jobs"], schema=program, **BOTH)
    first = {**many, "size": one["sentiment"]}
    replaced = (
        Program().entities(["person"]).entity_attributes(first).entity_attributes(one).entities(["date"])
    )
    yield ask("replaced", "extract", text=PLAIN["science"], schema=replaced, threshold=0.3, **BOTH)
    program = Program().entities(["person", "company"]).entity_attributes(one)
    for policy in POLICIES[:4]:
        options = {"threshold": 0.3, "overlap_policy": policy, **BOTH}
        yield ask(policy, "extract", text=text, schema=program, **options)
    program = Program().entities(["person"]).entity_attributes(first)
    yield ask("raw-results", "extract", text=PLAIN["jobs"], schema=program, format_results=False, **BOTH)
    window = {"chunk_size": 30, "chunk_overlap": 10, "threshold": 0.4}
    for flags in FLAGS:
        yield ask("long", "extract_long", text=LONG["words_80"], schema=program, **window, **flags)


def validators() -> Iterator[Case]:
    capital, digit = regex(r"[A-Z].*", flags=0), regex(r"\d", mode="partial")
    for name, checks in {
        "full": [regex(r"[a-z ]+")],
        "full-case": [capital],
        "partial": [digit],
        "exclude": [regex(r"\d", mode="partial", exclude=True)],
        "two": [capital, regex(r".{4,12}")],
        "none-pass": [regex(r"never")],
        "unicode": [regex(r"\w+\.?", mode="full")],
    }.items():
        entities = Program().entities(["person", "thing"], threshold=0.2, validators=checks)
        yield ask(f"entities-{name}", "extract", text=PLAIN["order"], schema=entities, **BOTH)
        fields = (
            Program()
            .structure("s")
            .field("a", validators=checks)
            .field("b", dtype="str", validators=checks)
            .field("c", choices=["Abc", "d"], validators=checks)
        )
        yield ask(f"fields-{name}", "extract", text=PLAIN["clinic"], schema=fields, threshold=0.2, **BOTH)
    checked = {"number": {"validators": [digit], "threshold": 0.1}, "name": {"validators": [capital]}}
    per_entity = Program().entities(checked)
    for policy in (None, "longest", "flat"):
        options = {"threshold": 0.2, "overlap_policy": policy, **BOTH}
        yield ask("per-entity", "extract", text=PLAIN["merger"], schema=per_entity, **options)
