"""Random schemas, small enough that names repeat and meet."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gliner2_lite.schema.limits import MARKER_SET

NAMES = ["a", "b", "c d", "Été", "x.y", "名", "head", "tail", "entities"]


def names() -> st.SearchStrategy[str]:
    """Any usable name: mostly from a small pool, sometimes arbitrary text."""
    free = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=6)
    return st.one_of(
        st.sampled_from(NAMES), free.filter(lambda text: not text.isspace() and text not in MARKER_SET)
    )


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(["", "short", "a longer text: with [DESCRIPTION] inside", "ω ≠ o"])


def thresholds() -> st.SearchStrategy[float | int]:
    return st.sampled_from([0, 0.25, 0.5, 1.0, 1])


def _some(options: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=options)


def _named(config: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Any]:
    return st.one_of(
        st.lists(names(), min_size=1, max_size=4, unique=True),
        st.dictionaries(names(), st.one_of(texts(), _some(config)), min_size=1, max_size=4),
    )


DTYPES = st.sampled_from(["str", "list"])
ENTITIES = _named(
    {
        "description": st.one_of(st.none(), texts()),
        "dtype": st.one_of(st.none(), DTYPES),
        "threshold": st.one_of(st.none(), thresholds()),
    }
)
RELATIONS = _named({"description": texts(), "threshold": thresholds()})
FIELDS = st.lists(
    st.fixed_dictionaries(
        {"name": names()},
        optional={
            "dtype": DTYPES,
            "choices": st.lists(st.sampled_from(["x", "Y z", "", "a"]), min_size=1, max_size=4),
            "description": texts(),
            "threshold": thresholds(),
            "cardinality": st.sampled_from(["required_one", "zero_or_more"]),
            "exclusive": st.booleans(),
        },
    ),
    min_size=1,
    max_size=4,
)
STRUCTURES = st.dictionaries(
    names(),
    st.fixed_dictionaries(
        {"fields": FIELDS},
        optional={
            "mode": st.sampled_from([None, "natural", "latent", "anchorless"]),
            "occurrence_policy": st.sampled_from(["all", "first"]),
        },
    ),
    min_size=1,
    max_size=3,
)
LABELS = st.one_of(
    st.lists(names(), min_size=2, max_size=4, unique=True),
    st.dictionaries(names(), texts(), min_size=2, max_size=4),
)
CLASSIFICATIONS = st.lists(
    st.fixed_dictionaries(
        {"task": names(), "labels": LABELS},
        optional={
            "multi_label": st.booleans(),
            "cls_threshold": thresholds(),
            "top_k": st.one_of(st.none(), st.integers(1, 5)),
            "class_act": st.sampled_from([None, "auto", "sigmoid", "softmax"]),
            "prompt": st.one_of(st.none(), texts()),
            "examples": st.lists(st.tuples(texts(), names()).map(list), max_size=3),
        },
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda config: config["task"],
)
GROUPS = st.dictionaries(
    st.sampled_from(["tone", "size"]),
    st.fixed_dictionaries(
        {"labels": st.lists(st.sampled_from(["p", "q", "r", "s"]), min_size=1, max_size=2, unique=True)},
        optional={
            "multi_label": st.booleans(),
            "threshold": thresholds(),
            "qualify_labels": st.booleans(),
        },
    ),
    max_size=1,
)


@st.composite
def friendly_dicts(draw: st.DrawFn, *, plain: bool = False) -> dict[str, Any]:
    """Dicts that ``Schema.from_dict`` accepts.

    ``plain`` leaves out what ``to_dict`` writes differently, here as in the reference: a field that stands
    twice in a structure, a structure and a relation of the same name.
    """
    sections = {
        "entities": ENTITIES,
        "structures": STRUCTURES,
        "classifications": CLASSIFICATIONS,
        "relations": RELATIONS,
    }
    chosen = draw(st.lists(st.sampled_from(sorted(sections)), min_size=1, max_size=4, unique=True))
    data: dict[str, Any] = {name: draw(sections[name]) for name in chosen}
    if "entities" in data:
        groups = draw(st.one_of(st.just({}), GROUPS))
        free = not {"p", "q", "r", "s"} & set(data["entities"])
        if groups and free:
            for group in groups.values():
                group["applies_to"] = draw(st.one_of(st.none(), st.just(list(data["entities"])[:1])))
            data["entity_attributes"] = groups
    if plain and "structures" in data:
        for name in set(data["structures"]) & set(data.get("relations", ())):
            data["structures"][f"{name} record"] = data["structures"].pop(name)
        for structure in data["structures"].values():
            structure["fields"] = list({field["name"]: field for field in structure["fields"]}.values())
    return data
