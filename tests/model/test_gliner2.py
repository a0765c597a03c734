"""The public class: how it is loaded, what its methods have in common, and that threads can share it."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gliner2_lite import AutoExtractor, BundleNotFoundError, GLiNER2, InputError, InputTypeError, Schema
from gliner2_lite.architectures import weights as weights_module
from gliner2_lite.model import texts as texts_module
from gliner2_lite.pipeline.options import CallOptions
from tests.model.questions import LABELS, TEXT, figure_8


def test_calls_written_for_the_reference_keep_working() -> None:
    model = AutoExtractor.from_pretrained("tiny", map_location="cpu", quantize=False, compile=False)
    assert model.eval() is model and model.to("cpu") is model
    schema = model.create_schema().entities(["person"])
    assert model.extract("Ann met Bob.", schema, 0.5, True, False, False, None, None).keys() == {"entities"}


def test_the_splitter_can_be_changed(small_bundle: Path) -> None:
    model = GLiNER2.from_pretrained(small_bundle, word_splitter="char")
    seen: list[str] = []

    def words(text: str, lower: bool = True) -> list[tuple[str, int, int]]:
        seen.append(text)
        return [(text, 0, len(text))]

    assert model.set_word_splitter(words) is model
    model.extract_entities("a b", ["x"])
    assert seen == ["a b."]


def test_bad_loads_name_the_argument(tmp_path: Path) -> None:
    with pytest.raises(BundleNotFoundError, match="neither an existing directory"):
        GLiNER2.from_pretrained("nowhere")
    with pytest.raises(InputError, match="no variant 'fp16'; write one of: 'int8'"):
        GLiNER2.from_pretrained("tiny", variant="fp16")
    with pytest.raises(InputError, match="'cuda:0' is not available"):
        GLiNER2.from_pretrained("tiny", map_location="cuda:0")
    with pytest.raises(InputError, match="threads must be a positive integer"):
        GLiNER2.from_pretrained("tiny", threads=0)
    with pytest.raises(InputError, match="verify must be one of 'size', 'hash'"):
        GLiNER2.from_pretrained("tiny", verify="no")
    with pytest.raises(InputTypeError, match="named by a string or a path, not NoneType"):
        GLiNER2.from_pretrained(None)  # type: ignore[arg-type]
    with pytest.raises(BundleNotFoundError, match="is not a bundle"):
        GLiNER2.from_pretrained(tmp_path)


def test_one_model_serves_many_threads(model: GLiNER2) -> None:
    texts = [f"{name} works for Apple in {city}." for name in ("Ann", "Bob") for city in ("Rome", "Oslo")] * 6
    serial = [model.extract(text, figure_8(), include_confidence=True) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert (
            list(pool.map(lambda t: model.extract(t, figure_8(), include_confidence=True), texts)) == serial
        )


def test_head_weights_are_read_once_whoever_needs_them_first(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = GLiNER2.from_pretrained("tiny").pipeline.loaded.architecture.heads
    read, reads = weights_module.read_weights, []

    def slowly(path: Path) -> Any:
        reads.append(path)
        time.sleep(0.05)  # so that the other threads ask meanwhile
        return read(path)

    monkeypatch.setattr(weights_module, "read_weights", slowly)
    with ThreadPoolExecutor(16) as pool:
        layers = set(pool.map(lambda _: (heads.counts, heads.spans), range(16)))
    assert len(layers) == 1 and len(reads) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: m.to("cuda"), "'cuda' is not available.*'cpu'"),
        (lambda m: m.set_word_splitter("x"), "word_splitter 'x'"),
    ],
)
def test_what_a_model_cannot_become_is_refused(
    model: GLiNER2, call: Callable[[GLiNER2], object], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        call(model)


#: What a second argument of the public methods may be.
ASKED = {
    "schema": Schema().entities(LABELS),
    "schemas": Schema().entities(LABELS),
    "entity_types": LABELS,
    "labels": LABELS,
    "tasks": {"tone": ["calm", "angry"]},
    "structures": {"deal": ["buyer"]},
    "relation_types": ["works for"],
}
#: Of every option that ``CallOptions.checked`` knows a value that is not its default.
OTHER: dict[str, Any] = {
    "threshold": 0.25, "format_results": False, "include_confidence": True, "include_spans": True,
    "max_len": 5, "overlap_policy": "nested", "batch_size": 3, "batch_tokens": 99, "long": True,
    "chunk_size": 6, "chunk_overlap": 2, "relation_keys": "name",
}  # fmt: skip
DEFAULTS = {
    name: option.default for name, option in inspect.signature(CallOptions.checked).parameters.items()
}


def answering() -> dict[str, dict[str, inspect.Parameter]]:
    """The public methods that answer about texts, with their parameters."""
    found = {
        name: dict(inspect.signature(method).parameters)
        for name, method in inspect.getmembers(GLiNER2, inspect.isfunction)
        if not name.startswith("_")
    }
    return {
        name: parameters
        for name, parameters in found.items()
        if parameters.keys() & {"text", "texts"} and name != "count_words"
    }


def usable(name: str) -> set[str]:
    """The options that mean something for a method, by what its name says."""
    if name == "extract_iter":
        return set(DEFAULTS)
    batches, windows = {"batch_size", "batch_tokens"}, {"chunk_size", "chunk_overlap"}
    if name.endswith("predict_entities"):  # a shape and a policy of its own
        return {"threshold"} | (batches if name.startswith("batch_") else set())
    without = {"long"} if "relations" in name or name in GENERAL else {"long", "relation_keys"}
    without |= {"max_len"} if name.endswith("_long") else windows
    return set(DEFAULTS) - without - (batches if name in SINGLE else set())


GENERAL = ("extract", "batch_extract", "extract_long", "batch_extract_long")
SINGLE = ("extract", "extract_entities", "classify_text", "extract_json", "extract_relations")


def test_repr_says_which_model_it_is(model: GLiNER2) -> None:
    bundle = model.bundle
    size = sum((bundle.root / file).stat().st_size for file in bundle.variants["int8"].files)
    assert repr(model) == (
        f"<GLiNER2 'tiny': int8, {size / 1e6:.1f} MB, architecture span, hidden size 384, 512 positions>"
    )


def test_repr_of_a_bundle_without_source_has_the_directory(model: GLiNER2) -> None:
    loaded = model.pipeline.loaded
    raw = {key: value for key, value in loaded.bundle.raw.items() if key != "source"}
    bundle = replace(loaded.bundle, root=Path("bundles") / "mine", raw=raw)
    assert repr(GLiNER2(replace(loaded, bundle=bundle))).startswith("<GLiNER2 'mine': int8, ")


def test_every_task_has_its_four_forms() -> None:
    forms = {form.format(task) for task in SINGLE for form in ("{}", "batch_{}", "{}_long", "batch_{}_long")}
    assert set(answering()) == forms | {"extract_iter", "predict_entities", "batch_predict_entities"}


def test_other_options_are_those_of_a_call() -> None:
    assert set(OTHER) == set(DEFAULTS) and not any(OTHER[name] == DEFAULTS[name] for name in OTHER)


@pytest.mark.parametrize("name", answering())
def test_a_method_takes_every_option_that_it_can_use(name: str) -> None:
    options = {
        parameter: value.default for parameter, value in answering()[name].items() if parameter in DEFAULTS
    }
    assert options == {option: DEFAULTS[option] for option in usable(name)}


@pytest.mark.parametrize("name", SINGLE)
def test_single_calls_take_their_options_in_the_order_of_the_reference(name: str) -> None:
    positional = [
        option for option, value in answering()[name].items() if value.kind is value.POSITIONAL_OR_KEYWORD
    ]
    assert positional[3:] == [
        "threshold", "format_results", "include_confidence", "include_spans", "max_len", "overlap_policy",
    ]  # fmt: skip


@pytest.mark.parametrize("name", answering())
def test_options_that_the_reference_lacks_are_keywords(name: str) -> None:
    for option in ("batch_tokens", "relation_keys"):
        if option in answering()[name]:
            assert answering()[name][option].kind is inspect.Parameter.KEYWORD_ONLY


def call(model: GLiNER2, name: str, texts: list[str], **options: Any) -> Any:
    """The answer of a method about ``texts``, or about all of them as one text."""
    first, second = list(answering()[name])[1:3]
    answer = getattr(model, name)(texts if first == "texts" else " ".join(texts), ASKED[second], **options)
    return list(answer) if name == "extract_iter" else answer


#: What ``predict_entities`` asks for whatever its caller says: it resolves overlaps across labels itself.
FLAT = {"include_confidence": True, "include_spans": True, "overlap_policy": "allow"}


@pytest.mark.parametrize("name", answering())
def test_every_option_reaches_the_pipeline(
    model: GLiNER2, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One by one, and each under its own name."""
    handed: list[CallOptions] = []
    real = texts_module.answer_texts, texts_module.answer_window
    monkeypatch.setattr(
        texts_module, "answer_texts", lambda *given: (handed.append(given[-1]), real[0](*given))[1]
    )
    monkeypatch.setattr(
        texts_module, "answer_window", lambda *given: (handed.append(given[-1]), real[1](*given))[1]
    )
    for option in usable(name):
        value = {option: OTHER[option]}
        always: dict[str, Any] = {"long": True} if name.endswith("_long") else {}
        if name.endswith("predict_entities"):
            always = FLAT
        if "long" in always and option == "format_results":
            with pytest.raises(InputError, match="format_results"):
                call(model, name, [TEXT], **value)
            continue
        if option == "chunk_size":  # no smaller than the words that windows share
            value["chunk_overlap"] = 0
        handed.clear()
        call(model, name, [TEXT], **value)
        assert handed[:1] == [CallOptions.checked(**value, **always)], option


@pytest.mark.parametrize("name", [name for name in answering() if "batch_tokens" in usable(name)])
def test_the_token_budget_reaches_the_runs(model: GLiNER2, runs: list[tuple[int, ...]], name: str) -> None:
    texts = ["Ann met Bob in Oslo ."] * 4
    windows = {"chunk_size": 6, "chunk_overlap": 0} if name.endswith("_long") else {}
    call(model, name, texts, **windows)
    assert [rows for rows, _ in runs] == [4]
    tokens = runs[0][1]
    for budget, rows in [(1, [1, 1, 1, 1]), (2 * tokens, [2, 2]), (4 * tokens - 1, [3, 1])]:
        runs.clear()
        call(model, name, texts, batch_tokens=budget, **windows)
        assert [rows for rows, _ in runs] == rows
