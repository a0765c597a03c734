"""Schemas of several kinds at once: built, as processor dicts, and from friendly dicts and JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.golden.questions.common import BOTH, FLAGS, Case, Program, ask, figure_8
from tests.golden.texts import LONG, PLAIN, TEXTS


def composition() -> Iterator[Case]:
    for name in ("apple", "phone", "merger", "review"):
        for flags in FLAGS:
            yield ask(f"figure-8-{name}", "extract", text=PLAIN[name], schema=figure_8(), **flags)
    backwards = (
        Program()
        .classification("tone", ["calm", "loud"])
        .relations({"works for": "employer", "in": {"threshold": 0.2}})
        .entities(["person", "firm"], threshold=0.3)
        .structure("job")
        .field("title")
        .structure("place")
        .field("name", dtype="str")
        .relations(["knows"])
        .classification("urgent", {"yes": "now", "no": "later"}, prompt="is it?")
        .entities({"date": "a day"})
    )
    for name in ("jobs", "merger", "event"):
        for flags in (*FLAGS, {"format_results": False}):
            yield ask(f"all-kinds-{name}", "extract", text=PLAIN[name], schema=backwards, **flags)
    for name in ("chinese", "arabic", "emoji_zwj", "empty", "words_80"):
        yield ask(name, "extract", text=TEXTS[name], schema=backwards, threshold=0.4, **BOTH)
    yield ask("nothing", "extract", text=PLAIN["apple"], schema=Program())
    yield ask("nothing-raw", "extract", text=PLAIN["apple"], schema=Program(), format_results=False)


PROCESSOR = {
    "entities": {"person": "", "firm": ""},
    "entity_descriptions": {"firm": "a company", "absent": "x"},
    "relations": [{"works for": {"head": "", "tail": ""}}, {"knows": {"head": "", "tail": ""}}],
    "relation_descriptions": {"knows": "acquaintance"},
    "json_structures": [
        {"job": {"title": "", "kind": {"value": "", "choices": ["full-time", "part-time"]}}},
        {"job": {"title": "", "place": ""}},
    ],
    "json_descriptions": {"job": {"place": "where", "title": "what"}},
    "classifications": [
        {"task": "tone", "labels": ["calm", "loud"], "label_descriptions": {"loud": "much"}},
        {"task": "topics", "labels": ["a", "b", "c"], "multi_label": True, "cls_threshold": 0.3},
    ],
}


def processor_dicts() -> Iterator[Case]:
    text = PLAIN["jobs"]
    for flags in FLAGS:
        yield ask("entities", "extract", text=text, schema={"entities": ["person", "firm"]}, **flags)
        only = {"relations": PROCESSOR["relations"]}
        yield ask("relations", "extract", text=text, schema=only, threshold=0.9, **flags)
    for flags in (*FLAGS, {"format_results": False}):
        yield ask("full", "extract", text=text, schema=PROCESSOR, threshold=0.3, **flags)
    for part in ("json_structures", "classifications"):
        yield ask(part, "extract", text=text, schema={part: PROCESSOR[part]}, **BOTH)
    yield ask("empty", "extract", text=text, schema={})
    two = [PROCESSOR, {"entities": ["x"]}]
    yield ask("batch", "batch_extract", texts=[text, PLAIN["apple"]], schemas=two, threshold=0.3)
    window = {"threshold": 0.4, "chunk_size": 25, "chunk_overlap": 5}
    yield ask("long", "extract_long", text=LONG["words_80"], schema=PROCESSOR, **window, **BOTH)


FRIENDLY = {
    "entities": {
        "person": "a name",
        "firm": {"description": "a company", "threshold": 0.2},
        "place": {"dtype": "str"},
    },
    "structures": {
        "job": {
            "fields": [
                {"name": "title", "dtype": "str", "description": "what", "threshold": 0.3},
                {"name": "kind", "dtype": "str", "choices": ["paid", "unpaid"]},
                {"name": "tasks"},
            ]
        }
    },
    "classifications": [
        {"task": "tone", "labels": ["calm", "loud"], "class_act": "sigmoid", "prompt": "how loud?"},
        {
            "task": "topics",
            "labels": {"work": "jobs", "play": "fun", "war": ""},
            "multi_label": True,
            "cls_threshold": 0.2,
            "top_k": 2,
            "examples": [["they play", "play"]],
        },
    ],
    "relations": {"works for": {"threshold": 0.3}, "knows": "acquaintance", "near": {}},
    "entity_attributes": {
        "mood": {"labels": ["glad", "sad"], "applies_to": ["person"], "qualify_labels": True}
    },
}


def friendly_dicts() -> Iterator[Case]:
    text = PLAIN["jobs"]
    lists = json.dumps({"entities": ["person", "firm"], "relations": ["works for"]})
    for flags in FLAGS:
        for name in ("jobs", "merger"):
            schema = Program().from_dict(FRIENDLY)
            yield ask(f"from-dict-{name}", "extract", text=PLAIN[name], schema=schema, **flags)
        yield ask(
            "from-json", "extract", text=text, schema=Program().from_json(lists), threshold=0.3, **flags
        )
    for part in ("entities", "structures", "classifications", "relations"):
        once = Program().from_dict({part: FRIENDLY[part]}).through_dict()
        yield ask(f"through-dict-{part}", "extract", text=text, schema=once, **BOTH)
    for schema in (
        Program().from_dict(FRIENDLY).through_dict(),
        Program().from_dict(FRIENDLY).through_json(),
    ):
        yield ask("through-all", "extract", text=text, schema=schema, **BOTH)
