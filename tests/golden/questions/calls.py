"""How a call changes answers: overlap policies, max_len, the char splitter, batches, long texts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

from tests.golden.questions.common import BOTH, FLAGS, NER, POLICIES, Case, Program, ask, figure_8
from tests.golden.texts import LONG, ODD, PLAIN, long_text


def overlap() -> Iterator[Case]:
    everything = (
        Program()
        .entities(["person", "company"])
        .relations(["near"])
        .structure("job")
        .field("who", dtype="str")
        .field("what")
    )
    for policy in POLICIES:
        name, options = policy.strip(), {"overlap_policy": policy, **BOTH}
        for text in (PLAIN["jobs"], PLAIN["merger"]):
            yield ask(name, "extract_entities", text=text, entity_types=NER, threshold=0.25, **options)
        yield ask(f"{name}-all", "extract", text=PLAIN["event"], schema=everything, threshold=0.2, **options)
    for policy in POLICIES[:4]:
        text, options = PLAIN["science"], {"overlap_policy": policy, "threshold": 0.1}
        fields = {"find": ["who::str", "what", "when"]}
        yield ask(f"{policy}-json", "extract_json", text=text, structures=fields, **options)
        yield ask(f"{policy}-relations", "extract_relations", text=text, relation_types=["found"], **options)
        yield ask(f"{policy}-plain", "extract_entities", text=text, entity_types=["person"], **options)
        options = {"overlap_policy": policy, "threshold": 0.3, **BOTH}
        yield ask(
            f"{policy}-many", "extract_entities", text=LONG["words_80"], entity_types=["person"], **options
        )


def max_len() -> Iterator[Case]:
    options = {"threshold": 0.3, **BOTH}
    for limit in (0, 1, 3, 7, 11, 500, -1, -4, -50):
        labels = {"entity_types": NER, "max_len": limit, **options}
        yield ask(f"entities{limit}", "extract_entities", text=PLAIN["event"], **labels)
    fields = {"phone": ["name::str", "colour::[black|blue|red]", "price"]}
    for limit in (0, 2, 9, -3):
        yield ask(
            f"json{limit}", "extract_json", text=PLAIN["phone"], structures=fields, max_len=limit, **options
        )
        yield ask(f"all{limit}", "extract", text=PLAIN["phone"], schema=figure_8(), max_len=limit, **options)
    for limit in (0, 5):
        asked = {"relation_types": ["works for"], "max_len": limit}
        yield ask(f"relations{limit}", "extract_relations", text=PLAIN["jobs"], **asked)
        tasks = {"s": ["good", "bad"]}
        yield ask(f"classify{limit}", "classify_text", text=PLAIN["review"], tasks=tasks, max_len=limit)
    texts = [PLAIN["jobs"], "", ODD["one_word"], PLAIN["apple"]]
    for limit in (0, 1, 4):
        labels = {"entity_types": ["person"], "max_len": limit, **options}
        yield ask(f"batch{limit}", "batch_extract_entities", texts=texts, **labels)


def char_splitter() -> Iterator[Case]:
    options = {"splitter": "char", "threshold": 0.3, **BOTH}
    labels = ["person", "place"]
    for name in ("chinese", "japanese", "korean", "thai", "emails", "special_case", "zero_width", "numbers"):
        yield ask(name, "extract_entities", text=ODD[name], entity_types=labels, **options)
    fields = {"news": ["who::str", "kind::[手机|股价]"]}
    yield ask("json", "extract_json", text=ODD["chinese"], structures=fields, **options)
    window = {"chunk_size": 20, "chunk_overlap": 6}
    text = ODD["chinese"] * 3
    yield ask("long", "extract_entities_long", text=text, entity_types=["人", "公司"], **window, **options)


def batches() -> Iterator[Case]:
    texts = [
        PLAIN["apple"],
        "",
        LONG["words_80"],
        ODD["one_word"],
        PLAIN["merger"],
        ODD["emoji"],
        PLAIN["jobs"],
    ]
    for size in (1, 2, 3, 8):
        options = {"entity_types": NER, "batch_size": size, "threshold": 0.4, **BOTH}
        yield ask(f"entities-{size}", "batch_extract_entities", texts=texts, **options)
    fields = {"e": ["who::str", "how::[fast|slow]", "what"]}
    yield ask("json", "batch_extract_json", texts=texts, structures=fields, threshold=0.4, **BOTH)
    yield ask("relations", "batch_extract_relations", texts=texts, relation_types=["a", "b"], batch_size=4)
    tasks = {"tone": ["calm", "loud"], "topic": {"labels": ["a", "b", "c"], "multi_label": True}}
    yield ask("classify", "batch_classify_text", texts=texts, tasks=tasks, include_confidence=True)
    schemas = [
        figure_8(),
        Program().entities(["person"]),
        Program().relations(["near"]),
        {"entities": ["raw", "dict"]},
        Program().structure("s").field("a").field("b", choices=["x", "y"]),
        Program().classification("c", ["p", "q", "r"], multi_label=True),
        Program(),
    ]
    for size in (1, 3, 8):
        for flags in ({}, BOTH):
            options = {"batch_size": size, "threshold": 0.4, **flags}
            yield ask(f"mixed-{size}", "batch_extract", texts=texts, schemas=schemas, **options)
    options = {"format_results": False, "overlap_policy": "nested"}
    yield ask("raw-results", "batch_extract", texts=texts, schemas=figure_8(), **options)
    yield ask("one-schema", "batch_extract", texts=texts[::-1], schemas=figure_8(), overlap_policy="flat")
    yield ask("no-texts", "batch_extract", texts=[], schemas=figure_8())
    yield ask("no-texts-long", "batch_extract_long", texts=[], schemas=figure_8())


def long_windows() -> Iterator[Case]:
    flags = cycle(FLAGS)
    labels = {"entity_types": ["person", "place"]}
    for name in ("words_80", "words_150"):
        for size, shared in ((20, 5), (50, 0), (64, 32), (384, 64)):
            window = {"chunk_size": size, "chunk_overlap": shared}
            yield ask(
                f"{size}-{shared}",
                "extract_entities_long",
                text=LONG[name],
                **labels,
                **window,
                **next(flags),
            )
    short = {"chunk_size": 7, "chunk_overlap": 6, "threshold": 0.6, **BOTH}
    yield ask("7-6", "extract_entities_long", text=PLAIN["merger"], **labels, **short)
    for name in ("empty", "blanks", "one_word", "url_last", "trailing_blanks", "emoji_zwj", "chinese"):
        window = {"chunk_size": 4, "chunk_overlap": 1, "threshold": 0.3, **BOTH}
        yield ask(name, "extract_entities_long", text=ODD[name], **labels, **window)
    text = LONG["words_600"]
    yield ask("600", "extract_entities_long", text=text, **labels, threshold=0.6, chunk_size=128, **BOTH)
    yield ask("600-whole", "extract_entities", text=text, **labels, threshold=0.9, **BOTH)
    yield ask("600-max-len", "extract_entities", text=text, **labels, threshold=0.6, max_len=40, **BOTH)
    yield ask("600-classify", "classify_text", text=text, tasks={"t": ["a", "b", "c"]}, **BOTH)
    fields = {"deal": ["who::str", "what"]}
    yield ask("600-json", "extract_json_long", text=text, structures=fields, threshold=0.7)


def long_kinds() -> Iterator[Case]:
    window = {"chunk_size": 30, "chunk_overlap": 10, "threshold": 0.4}
    text = LONG["words_80"]
    fields = {"deal": ["who::str", "what", "kind::[sale|visit]", "mood::[good|bad]::list"]}
    tasks = {"tone": ["calm", "loud"], "topics": {"labels": ["a", "b", "c"], "multi_label": True}}
    scalar = {"person": {"dtype": "str"}, "place": {"dtype": "str", "threshold": 1.0}, "day": ""}
    program = Program().entities(scalar)
    for flags in FLAGS:
        options = {"text": text, **window, **flags}
        yield ask("json", "extract_json_long", structures=fields, **options)
        yield ask("relations", "extract_relations_long", relation_types=["sold", "in"], **options)
        yield ask("classify", "classify_text_long", tasks=tasks, **options)
        yield ask("all-kinds", "extract_long", schema=figure_8(), **options)
        yield ask("scalar", "extract_long", schema=program, **options)
    for policy in POLICIES[:4]:
        labels = {"entity_types": ["person", "object"], "overlap_policy": policy}
        yield ask(policy, "extract_entities_long", text=text, **labels, **window, **BOTH)

    texts = [long_text(90, seed=7), "", PLAIN["merger"], long_text(33, seed=8, final=False), ODD["one_word"]]
    window = {"chunk_size": 25, "chunk_overlap": 8, "threshold": 0.45, "batch_size": 4}
    yield ask(
        "batch-entities", "batch_extract_entities_long", texts=texts, entity_types=NER, **window, **BOTH
    )
    fields = {"s": ["a::str", "b"]}
    yield ask("batch-json", "batch_extract_json_long", texts=texts, structures=fields, **window)
    yield ask(
        "batch-relations", "batch_extract_relations_long", texts=texts, relation_types=["sold"], **window
    )
    yield ask("batch-classify", "batch_classify_text_long", texts=texts, tasks={"t": ["a", "b"]}, **window)
    schemas = [
        figure_8(),
        Program().entities(["x"]),
        {"entities": ["y"]},
        Program().relations(["z"]),
        figure_8(),
    ]
    yield ask("batch-mixed", "batch_extract_long", texts=texts, schemas=schemas, **window, **BOTH)
