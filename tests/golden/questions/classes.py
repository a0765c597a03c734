"""Classification: single and multi-label, thresholds, activations, descriptions, examples."""

from __future__ import annotations

from collections.abc import Iterator

from tests.golden.questions.common import BOTH, FLAGS, Case, ask
from tests.golden.texts import PLAIN

MULTI_OPTIONS = (
    {},
    {"cls_threshold": 0.2},
    {"cls_threshold": 0.8},
    {"cls_threshold": 1.0},
    {"cls_threshold": 0.0},
    {"top_k": 1, "cls_threshold": 0.1},
    {"top_k": 2, "cls_threshold": 0.0},
    {"top_k": 9},
    {"class_act": "softmax", "cls_threshold": 0.15},
    {"class_act": "sigmoid"},
    {"class_act": "auto"},
    {"class_act": "unknown"},
)


def classification() -> Iterator[Case]:
    text, event = PLAIN["review"], PLAIN["event"]
    three = ["positive", "negative", "neutral"]
    described = {"positive": "the writer is happy", "negative": "the writer is not", "neutral": ""}
    multi = {"labels": ["battery", "camera", "price", "screen", "service"], "multi_label": True}
    for flags in FLAGS:
        yield ask("single", "classify_text", text=text, tasks={"sentiment": three}, **flags)
        both = {"s": three, "aspect": multi}
        yield ask("raw-results", "classify_text", text=text, tasks=both, format_results=False, **flags)
    yield ask("described", "classify_text", text=text, tasks={"mood": described}, include_confidence=True)
    for options in MULTI_OPTIONS:
        tasks = {"aspect": {**multi, **options}}
        yield ask("multi", "classify_text", text=text, tasks=tasks, include_confidence=True)
    yield ask("multi-plain", "classify_text", text=text, tasks={"aspect": multi}, threshold=0.99)
    tasks = {"mood": {"labels": three, "class_act": "sigmoid"}}
    yield ask("single-sigmoid", "classify_text", text=text, tasks=tasks, **BOTH)

    examples = [("I love it", "positive"), ["awful", "negative"], ["so so", "not a label"]]
    few_shot = {"labels": three, "examples": examples, "prompt": "how does the writer feel?"}
    yield ask("few-shot", "classify_text", text=text, tasks={"mood": few_shot}, include_confidence=True)
    everything = {"labels": described, "examples": examples, "prompt": "feeling", "cls_threshold": 0.3}
    tasks = {"mood": {**everything, "multi_label": True}}
    yield ask("all-options", "classify_text", text=event, tasks=tasks, include_confidence=True)
    tasks = {"intent": ["book", "buy"], "intent: fine": ["yes", "no"], "intent fine": ["a", "b"]}
    yield ask("prefix-names", "classify_text", text=event, tasks=tasks, include_confidence=True)
    tasks = {"x": {"labels": ["a", "b", "a"], "multi_label": True, "cls_threshold": 0.0}}
    yield ask("duplicate-labels", "classify_text", text=text, tasks=tasks)
    yield ask("one-label", "classify_text", text=text, tasks={"x": ["only"]}, include_confidence=True)
    tasks = {"topic": ["news", "shopping", "medicine", "music"], "urgent": ["yes", "no"]}
    for name in ("apple", "intent", "science", "order", "quoted"):
        yield ask(name, "classify_text", text=PLAIN[name], tasks=tasks, include_confidence=True)
