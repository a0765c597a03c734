"""Labels, fields and names that are unlike what people usually write, but allowed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from typing import Any

from tests.golden.questions.common import BOTH, Case, ask
from tests.golden.texts import PLAIN

KINDS = ("person", "place", "object", "event", "idea", "date")
SIXTY = [f"{kind} {number}" for kind in KINDS for number in range(10)]

ENTITY_LABELS: dict[str, Any] = {
    "one": ["person"],
    "sixty": SIXTY,
    "spaces": ["name of the person", "  padded  ", "two  blanks", "tab\tand\nline"],
    "brackets": ["person (full name)", "[person]", "{x}", "a ( b", ") c", "|"],
    "punctuation": ["!", "...", "a/b", "e-mail", "o'clock", "100%", "#tag", "a: b", "a, b", "::"],
    "scripts": ["人物", "組織", "место", "مدينة", "שם", "नाम", "도시", "ß", "\u0130", "\u2163", "😀", "👩‍💻"],
    "case": ["Person", "person", "PERSON"],
    "duplicates": ["person", "place", "person"],
    "long": ["a person that is mentioned in the text as the buyer of some other company " * 3, "x"],
    "marker-inside": ["a [E] b", "see [DESCRIPTION]", "c [SEP_TEXT] d", "[P] e", "f"],
    "markers-inside-description": {"person": "a [E] name [P] here [OUTPUT]", "place": "[SEP_STRUCT] x"},
    "zero-width": ["per\u200bson", "\u200b", "caf\u0065\u0301", "\u0301"],
    "entities": ["entities", "text", "label", "confidence"],
    "descriptions": {"a": "b [DESCRIPTION] c: d", "c": "  ", "e": "🦊 " * 10, "f": "(((", "g": "人物の名前"},
    "numbers": ["1", "2", "3.5", "-1"],
}

CLASS_LABELS: dict[str, list[str]] = {
    "two": ["yes", "no"],
    "sixty": SIXTY,
    "spaces": ["very good", "not so good", " padded "],
    "brackets": ["good (5)", "[bad]", "(neither"],
    "scripts": ["良い", "悪い", "хорошо", "جيد", "😀"],
    "case": ["Good", "good", "GOOD"],
    "marker-inside": ["a [L] b", "c", "d [P]"],
    "name with: colon": ["a", "b"],
    "name (with) [DESCRIPTION] inside": ["a", "b", "c"],
    "表題": ["甲", "乙", "丙"],
}

STRUCTURES: dict[str, dict[str, list[Any]]] = {
    "one-field": {"product": ["name"]},
    "twenty-fields": {"product": [f"field {number}" for number in range(20)]},
    "scripts": {"製品": ["名前::str", "価格", "色::[黒|青]"], "товар": ["цена::str::сколько"]},
    "brackets": {"a (b)": ["c (d)", "e|f", "(::str"], "(x": ["y"]},
    "six-structures": {f"record {number}": ["a::str", f"b{number}"] for number in range(6)},
    "field-twice": {"product": ["name::str", "price", "name::list"]},
    "marker-inside": {"a [C] b": ["c", "d [C] e::str"]},
    "long-choices": {"product": ["kind::[a very long choice of many words|short|" + "x" * 60 + "]"]},
    "many-choices": {"product": ["grade::[" + "|".join(f"grade {n}" for n in range(30)) + "]", "name"]},
    "choice-case": {"product": ["kind::[PHONE|Phone|phone]::list", "b::[phone]"]},
    "name-is-choice": {"phone": ["phone::[phone|phone:|(]", "name"]},
    "description-markers": {"product": ["name::str::the [E] name [DESCRIPTION] x", "price::list::a [P]"]},
}

RELATIONS: dict[str, Any] = {
    "spaces": ["is the employer of", " padded "],
    "brackets": ["a (b)", "[c]", "d: e"],
    "scripts": ["働く", "работает в", "يعمل"],
    "prefix": ["works", "works for", "works for: x"],
    "marker-inside": ["a [R] b", "c"],
    "described-colon": {"a": "b: c", "a: b": "d", "e": {"description": "f [DESCRIPTION] g: h"}},
    "head-tail": ["head", "tail"],
    "thirty": [f"relation {number}" for number in range(30)],
}


def odd_schemas() -> Iterator[Case]:
    flags = cycle((BOTH, {}))
    for name, labels in ENTITY_LABELS.items():
        options = {"entity_types": labels, "threshold": 0.4, **next(flags)}
        yield ask(f"entities-{name}", "extract_entities", text=PLAIN["merger"], **options)
    for name, labels in CLASS_LABELS.items():
        options = {"text": PLAIN["review"], "include_confidence": True}
        yield ask(f"classes-{name}", "classify_text", tasks={name: labels}, **options)
        multi = {"labels": labels, "multi_label": True, "cls_threshold": 0.4}
        yield ask(f"multi-{name}", "classify_text", tasks={"task": multi}, **options)
    for name, structures in STRUCTURES.items():
        options = {"structures": structures, "threshold": 0.3, **next(flags)}
        yield ask(f"json-{name}", "extract_json", text=PLAIN["phone"], **options)
    for name, relations in RELATIONS.items():
        options = {"relation_types": relations, "threshold": 0.3, **next(flags)}
        yield ask(f"relations-{name}", "extract_relations", text=PLAIN["jobs"], **options)
