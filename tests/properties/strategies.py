"""Texts, schemas and settings of the property tests: small, odd, and the same in every run."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from gliner2_lite import Schema


def few(examples: int) -> settings:
    """So many examples, the same every time; a model call is no cheap check.

    ``GLINER2_LITE_EXAMPLES=10`` draws ten times as many.
    """
    return settings(
        max_examples=examples * int(os.environ.get("GLINER2_LITE_EXAMPLES", "1")),
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


WORDS = (
    "Tim Cook", "Apple", "Oslo", "Maria López", "Siemens AG", "iPhone 15", "$1,200.50", "on Monday",
    "works for", "İstanbul", "ſun", "e\u0301te\u0301", "日本語", "हिन्दी", "👩\u200d💻", "\u200d", "\ufeff",
    "\u2028", "\x00", "a@b.co", "https://x.org/a", "www.x.org", "@me", "a--b", "...", "!", "?", "\n", "\t",
    "'s", "[E]", "[SEP_TEXT]", "(", "|", "x" * 60,
)  # fmt: skip
#: Texts of up to a dozen words, with blanks of several kinds between them or none.
TEXTS = st.lists(
    st.tuples(
        st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_categories=("Cs",)), max_size=5)),
        st.sampled_from([" ", " ", " ", "", "  ", "\n", "\u00a0"]),
    ),
    max_size=10,
).map(lambda parts: "".join(word + blank for word, blank in parts))

NAMES = ("person", "company", "city", "product", "x", "Étage", "a long label of several words", "名")
LABELS = st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True)
THRESHOLDS = st.sampled_from([0.0, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0])


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """Schemas of several tasks; names differ, since equal ones overwrite each other's answers."""
    schema = Schema()
    kinds = draw(st.lists(st.sampled_from("ercs"), min_size=1, max_size=3, unique=True))
    dtype = st.sampled_from(["list", "str"])
    if "e" in kinds:
        for label in draw(LABELS):
            schema.entities({label: {"dtype": draw(dtype)}})
    if "r" in kinds:
        schema.relations(draw(st.lists(st.sampled_from(["works for", "near"]), min_size=1, unique=True)))
    if "c" in kinds:
        schema.classification(
            "tone", ["calm", "angry", "glad"], multi_label=draw(st.booleans()),
            cls_threshold=draw(THRESHOLDS), top_k=draw(st.sampled_from([None, 1, 2])),
        )  # fmt: skip
    if "s" in kinds:
        structure = (
            schema.structure("deal").field("buyer", dtype=draw(dtype)).field("price", dtype=draw(dtype))
        )
        structure.field("kind", dtype=draw(dtype), choices=["sale", "gift"])
    schema.build()
    return schema
