"""One function per reader of input that strangers write: what it may do with any value, and what never.

A target returns when the value was handled as promised, by an answer or by this package's own error, and
lets any other exception out.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from gliner2_lite import BundleError, InputTypeError, Schema, SchemaError
from gliner2_lite.answers.types import EntityAnswer, Span
from gliner2_lite.architectures.span.decode import decode_task
from gliner2_lite.architectures.span.scores import TaskScores
from gliner2_lite.bundle.files import verify_files
from gliner2_lite.bundle.manifest import MANIFEST_NAME, read_bundle
from gliner2_lite.graph.encode import Sample
from gliner2_lite.load.locate import EMBEDDED
from gliner2_lite.prompt.layout import build_prompts
from gliner2_lite.prompt.words import Words, char_words, split_words, whitespace_words
from gliner2_lite.schema import (
    classification_schema,
    compile_schema,
    entities_schema,
    load_schema_json,
    relations_schema,
    structures_schema,
)
from gliner2_lite.schema.fields import parse_field
from gliner2_lite.tokenizer.compact import CompactTokenizer
from tests.schema.strategies import friendly_dicts


@dataclass(frozen=True)
class Target:
    """``values`` draws an input, ``check`` is called with it."""

    values: st.SearchStrategy[Any]
    check: Callable[[Any], None]


KEYS = st.sampled_from(
    ["entities", "structures", "classifications", "relations", "entity_attributes", "fields", "name", "dtype",
     "threshold", "description", "labels", "task", "multi_label", "cls_threshold", "top_k", "choices", "mode",
     "json_structures", "json_descriptions", "entity_descriptions", "examples", "class_act", "validators",
     "[E]"]
)  # fmt: skip
LEAVES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=6), KEYS,
    st.sampled_from(["str", "list", "a::[x|y]::str", "\ud800", "\x00", " ", "[P]", -1, 2, 1e400, 10**400]),
)  # fmt: skip
JSON = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.one_of(KEYS, st.text(max_size=4)), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def _changed(draw: st.DrawFn, source: st.SearchStrategy[Any]) -> Any:
    """A sound value with one place of it replaced, removed or repeated."""
    value = json.loads(json.dumps(draw(source)))
    place, parent, key = value, None, None
    for _ in range(draw(st.integers(1, 5))):
        if not isinstance(place, (dict, list)) or not place:
            break
        keys = list(place) if isinstance(place, dict) else range(len(place))
        parent, key = place, draw(st.sampled_from(keys))
        place = parent[key]
    if parent is None:
        return draw(JSON)
    how = draw(st.sampled_from(["replace", "remove", "add"]))
    if how == "remove":
        del parent[key]
    elif how == "replace" or isinstance(parent, list):
        parent[key] = draw(JSON)
    else:
        parent[draw(KEYS)] = draw(JSON)
    return value


@st.composite
def _json_texts(draw: st.DrawFn) -> str:
    """JSON that is a schema, nearly one, or none; sometimes no JSON at all."""
    data = draw(st.one_of(_changed(friendly_dicts()), friendly_dicts(), JSON))
    text = json.dumps(data, ensure_ascii=draw(st.booleans()))
    if draw(st.integers(0, 3)):
        return text
    begin, length = draw(st.integers(0, len(text))), draw(st.integers(0, 3))
    return (
        text[:begin]
        + draw(st.text('{}[]":,\\ue019NaInfity \n\ufeff\x00', max_size=3))
        + text[begin + length :]
    )


def schema_json(text: str) -> None:
    """Any text is a schema, which then survives writing and reading, or a SchemaError."""
    try:
        schema = load_schema_json(text, source="s.json")
        build_prompts([schema])
    except SchemaError:
        return
    written = schema.to_dict()
    again = Schema.from_json(json.dumps(written))
    assert again.to_dict() == written


def schema_objects(value: Any) -> None:
    """Any object given as a schema, or as the one argument of a task's call, is one or a SchemaError."""
    readers: list[Callable[[Any], Any]] = [
        compile_schema, Schema.from_dict, entities_schema, relations_schema, classification_schema,
        structures_schema,
    ]  # fmt: skip
    for read in readers:
        try:
            build_prompts([read(value)] if read is not compile_schema else [value])
        except SchemaError:
            continue


def mini_language(spec: Any) -> None:
    """Any field declaration is a field, which the builder then takes, or a SchemaError."""
    try:
        field = parse_field(spec)
        schema = structures_schema({"s": [spec]})
    except SchemaError:
        return
    [structure] = compile_schema(schema).structures
    assert structure.prompt_fields == (field.name,)
    assert [found.name for found in structure.fields] == [field.name]
    assert structure.fields[0].choices == (field.choices or None)


_FIELD_PARTS = st.sampled_from(
    ["name", "::", ":", "[", "]", "|", "str", "list", " ", "[a|b]", "", "é", "[E]", "x"]
)


def _manifest() -> Any:
    return json.loads((EMBEDDED["tiny"] / MANIFEST_NAME).read_text(encoding="utf-8"))


def manifest(value: Any) -> None:
    """Any JSON as a manifest is a bundle whose files lie inside its directory, or a BundleError."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        (root / MANIFEST_NAME).write_bytes(text)
        try:
            bundle = read_bundle(root)
            for variant in bundle.variants.values():
                for name in bundle.needed_files(variant):
                    assert bundle.path(name).resolve().is_relative_to(root)
                verify_files(bundle, variant, hashes=True)
        except BundleError:
            return
        raise AssertionError("a directory without files is no bundle")


#: The words of the reference, by the definition: every alternative is tried at every place. Quadratic.
_REFERENCE = re.compile(
    r"(?:https?://\S+|www\.\S+)|[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}|@[a-z0-9_]+|\w+(?:[-_]\w+)*|\S",
    re.IGNORECASE,
)


def splitter(text: str) -> None:
    """Words are in order, cover all but blanks, and are those of the plain pattern where that is defined."""
    for split in (whitespace_words, char_words):
        position = 0
        for value, start, end in split(text, lower=False):
            assert position <= start < end <= len(text)
            assert value == text[start:end]
            assert not text[position:start].strip()
            position = end
        assert not text[position:].strip()
    if text.isascii():  # beyond it, marks and joiners belong to words
        plain = [(match.group(), *match.span()) for match in _REFERENCE.finditer(text)]
        assert list(whitespace_words(text, lower=False)) == plain


_TEXT_PARTS = st.sampled_from(
    ["http://", "https://", "www.", "@", "a@b.co", ".", "-", "_", "%", "+", "x", "Ab", "9", " ", "\n", "'",
     "İ", "\u0301", "\u200d", "ſ", "K", "\u00a0", "\x1c", "/"]
)  # fmt: skip


def decoder(shape: tuple[int, int, int, int, float, str | None]) -> None:
    """Any scores give spans of the text, over their threshold, that overlap only where the policy allows."""
    seed, labels, words, kind, threshold, policy = shape
    random = np.random.default_rng(seed)
    spans = random.normal(0, 6, (1, labels, words, 4)).astype(np.float32)
    odd = [0.0, 100.0, -100.0, np.inf, -np.inf, 17.0]
    if kind:
        spans = np.where(random.random(spans.shape) < 0.3, np.float32(odd[kind]), spans)
    text = " ".join(["w", "ww", "W-w", ".", "é"][index % 5] for index in range(words))
    names = [f"label {index}" for index in range(labels)]
    [prompt] = build_prompts([Schema().entities(names)])
    sample = Sample(text, split_words(text, whitespace_words), prompt)
    result = decode_task(
        prompt.tasks[0], TaskScores(1, spans=spans), sample, threshold=threshold, policy=policy
    )
    assert isinstance(result, EntityAnswer) and result.values is not None
    assert [name for name, _ in result.values] == names
    for _, found in result.values:
        assert isinstance(found, tuple)
        _check_spans(found, text, sample.words, threshold, policy)


def _check_spans(
    found: tuple[Span, ...], text: str, words: Words, threshold: float, policy: str | None
) -> None:
    for span in found:
        assert span.start in words.starts and span.end in words.ends
        assert text[span.start : span.end] == span.text
        assert np.float32(span.confidence) >= np.float32(threshold)
    if policy in (None, "disallow"):
        ranges = sorted((span.start, span.end) for span in found)
        assert all(first[1] <= second[0] for first, second in pairwise(ranges))


@cache
def _pair() -> Any:
    """The embedded tokenizer, by the library and in compact form."""
    from tokenizers import Tokenizer

    root = EMBEDDED["tiny"]
    library = Tokenizer.from_file(str(root / "tokenizer.json"))
    library.no_truncation()
    library.no_padding()
    return library, CompactTokenizer(root / "vocabulary.bin")


def tokenizer(text: str) -> None:
    """The compact vocabulary gives the ids of the library, and refuses what the library refuses."""
    library, compact = _pair()
    try:
        expected = library.encode(text, add_special_tokens=False).ids
    except TypeError:
        try:
            compact.ids(text)
        except InputTypeError:
            return
        raise AssertionError("the library refuses this text") from None
    assert compact.ids(text) == expected


_PIECES = st.one_of(
    st.sampled_from(
        ["[E]", "[SEP_TEXT]", "[UNK]", "[", "##", "un", "able", " ", "\t", "\u0301", "Å", "ß", "\u2028"]
    ),
    st.text(max_size=5),
    st.characters(categories=["Mn", "Cf", "Zs", "Cc", "Cs", "Co", "Lo", "So"]),
)


def _joined(parts: st.SearchStrategy[str], size: int) -> st.SearchStrategy[str]:
    return st.lists(st.one_of(parts, st.text(max_size=3)), max_size=size).map("".join)


TARGETS: dict[str, Target] = {
    "schema-json": Target(st.one_of(_json_texts(), st.text(max_size=40)), schema_json),
    "schema-objects": Target(st.one_of(JSON, _changed(friendly_dicts())), schema_objects),
    "mini-language": Target(
        st.one_of(st.lists(_FIELD_PARTS, max_size=8).map("".join), st.text(max_size=12), JSON), mini_language
    ),
    "manifest": Target(
        st.one_of(_changed(st.builds(_manifest)), JSON, st.binary(max_size=60)), manifest
    ),
    "splitter": Target(_joined(_TEXT_PARTS, 12), splitter),
    "decoder": Target(
        st.tuples(
            st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 14), st.integers(0, 5),
            st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
            st.sampled_from([None, "allow", "nested", "disallow", "longest"]),
        ),
        decoder,
    ),
    "tokenizer": Target(_joined(_PIECES, 10), tokenizer),
}  # fmt: skip
