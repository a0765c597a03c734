"""Record metadata beside the reference's own reader: what it accepts means the same here."""

from __future__ import annotations

from typing import Any

from gliner2.processing.records import normalize_record_metadata
from hypothesis import given
from hypothesis import strategies as st

from gliner2_lite import SchemaError
from gliner2_lite.schema.limits import CARDINALITIES, OCCURRENCE_POLICIES, RECORD_MODES
from gliner2_lite.schema.record_metadata import read_records

FIELDS = ("a", "b")
FIELD_OPTIONS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "cardinality": st.sampled_from([None, "one", *CARDINALITIES]),
            "exclusive": st.sampled_from([None, True, False]),
        },
    ),
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "mode": st.sampled_from([None, "other", *RECORD_MODES]),
        "anchor": st.sampled_from([None, "", "a", "b"]),
        "occurrence_policy": st.sampled_from(["none", *OCCURRENCE_POLICIES]),
        "fields": st.one_of(st.none(), st.dictionaries(st.sampled_from(["a", "b", "x"]), FIELD_OPTIONS)),
    },
)


@given(ENTRIES)
def test_the_reference_reads_the_same_or_neither_does(entry: dict[str, Any]) -> None:
    try:
        there = normalize_record_metadata({"s": entry})
    except ValueError:
        there = None
    try:
        here = read_records({"s": entry}, {"s": FIELDS}).get("s")
    except SchemaError:
        # The reference does not look into an entry without a mode.
        assert there is None or there == {}
        return
    if here is None:
        assert there == {}
        return
    assert there is not None
    expected = there["s"]
    assert (here.mode, here.anchor or None) == (expected["mode"], expected["anchor"] or None)
    assert here.occurrence_policy in (None, expected["occurrence_policy"])
    told = {field.name: field for field in here.fields}
    for name, options in expected["fields"].items():
        if name not in FIELDS:
            continue
        exclusive = name in told and told[name].exclusive
        assert exclusive == options["exclusive"]
        if name in told and told[name].cardinality is not None:
            assert told[name].cardinality == options["cardinality"]
    for name, options in (entry.get("fields") or {}).items():
        if options and options.get("cardinality") and name in FIELDS:
            assert told[name].cardinality == options["cardinality"]
