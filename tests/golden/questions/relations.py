"""Relations: thresholds, descriptions (which change the result key) and repeated declarations."""

from __future__ import annotations

from collections.abc import Iterator

from tests.golden.questions.common import BOTH, FLAGS, Case, Program, ask
from tests.golden.texts import PLAIN


def relations() -> Iterator[Case]:
    text = PLAIN["jobs"]
    described = {"works for": "employment of a person", "located in": ""}
    for flags in FLAGS:
        both = ["works for", "knows"]
        yield ask("list", "extract_relations", text=text, relation_types=both, **flags)
        yield ask(
            "described", "extract_relations", text=text, relation_types=described, threshold=0.3, **flags
        )
        raw = {"format_results": False, **flags}
        yield ask("raw-results", "extract_relations", text=text, relation_types=both, **raw)
    for threshold in (0.05, 0.3, 0.8, 1.0):
        options = {"relation_types": ["discovered", "born in"], "threshold": threshold, **BOTH}
        yield ask("threshold", "extract_relations", text=PLAIN["science"], **options)
    own = {**described, "works for": {"description": "employment", "threshold": 0.05}}
    yield ask("described-threshold", "extract_relations", text=text, relation_types=own, **BOTH)
    config = {"works for": {"threshold": 0.1}, "leads": {"threshold": 0.95}, "near": None}
    yield ask("thresholds", "extract_relations", text=PLAIN["merger"], relation_types=config, **BOTH)
    yield ask("single-name", "extract_relations", text=text, relation_types="works for")
    overall = Program().relations(["acquired", "led by"], threshold=0.15)
    yield ask("overall", "extract", text=PLAIN["merger"], schema=overall, **BOTH)
    again = Program().relations(["a", "b"]).relations({"a": {"threshold": 0.1}})
    yield ask("again", "extract", text=text, schema=again)
    twelve = [f"relation {number}" for number in range(12)]
    yield ask("twelve", "extract_relations", text=PLAIN["event"], relation_types=twelve, threshold=0.4)
    for name in ("apple", "clinic", "phone", "quoted"):
        options = {"relation_types": ["part of", "made by"], "threshold": 0.4, **BOTH}
        yield ask(name, "extract_relations", text=PLAIN[name], **options)
