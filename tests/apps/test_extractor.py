"""The picklable question: alone, in other processes, and as a step of a LangChain chain."""

from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from langchain_core.runnables import RunnableLambda

from gliner2_lite import BundleNotFoundError, GLiNER2, InputError, RegexValidator, Schema, SchemaError
from gliner2_lite.integrations.extractor import Extractor, as_text, shared_model

SCHEMA = {"entities": ["person", "city"]}
TEXTS = ["Lars Olsen moved to Oslo.", "Maria Lopez lives in Madrid."]


def test_answers_are_the_models(tiny: GLiNER2) -> None:
    extractor = Extractor("tiny", SCHEMA, include_spans=True)
    expected = [tiny.extract(text, Schema.from_dict(SCHEMA), include_spans=True) for text in TEXTS]
    assert extractor.batch(TEXTS) == expected == [extractor(text) for text in TEXTS]


def test_a_path_called_as_the_embedded_model_is_not_it(tiny: GLiNER2) -> None:
    assert (as_text("tiny"), as_text(Path("tiny")), as_text(Path("/a"))) == ("tiny", "./tiny", "/a")
    assert shared_model("tiny")
    with pytest.raises(BundleNotFoundError):
        shared_model(Path("no/such"))
    with pytest.raises(BundleNotFoundError):  # and not the one that is loaded already
        shared_model(Path("tiny"))


def test_langchain_runs_it_as_a_step() -> None:
    cities = RunnableLambda(Extractor("tiny", SCHEMA)) | (lambda answer: answer["entities"]["city"])
    assert cities.invoke(TEXTS[0]) == ["Oslo"]
    assert cities.batch(TEXTS) == [["Oslo"], ["Madrid"]]


@pytest.mark.parametrize("method", ["spawn", "fork"])
def test_other_processes_answer_alike(method: str) -> None:
    extractor = Extractor("tiny", SCHEMA, threads=1)
    expected = extractor.batch(TEXTS)  # loaded here before the others start
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context(method)) as pool:
        assert list(pool.map(extractor, TEXTS, timeout=120)) == expected


def test_validators_and_later_changes_of_the_schema() -> None:
    """Validators have no dict form, and must not get lost on the way."""
    schema = Schema().entities({"city": {"validators": [RegexValidator("O.*")]}})
    extractor = pickle.loads(pickle.dumps(Extractor("tiny", schema)))
    schema.entities(["person"])
    assert extractor.batch(TEXTS) == [{"entities": {"city": ["Oslo"]}}, {"entities": {"city": []}}]


def test_null_and_broken_texts_of_a_column() -> None:
    """One text does not end a job over a table, unless that is asked for; a call raises."""
    texts = ["Lars moved to Oslo.", None, "broken \ud800"]
    with pytest.raises(InputError, match=r"texts\[1\]"):
        Extractor("tiny", SCHEMA, on_error="raise").json_batch(texts)
    with pytest.raises(InputError, match=r"texts\[0\].*surrogate"):
        Extractor("tiny", SCHEMA)(texts[2] or "")
    first, null, broken = Extractor("tiny", SCHEMA).json_batch(texts)
    assert first == '{"entities": {"person": ["Lars"], "city": ["Oslo"]}}'
    assert null is None
    assert broken is not None and broken.startswith('{"error": "') and "surrogate" in broken


def test_mistakes_show_before_anything_runs() -> None:
    with pytest.raises(SchemaError):
        Extractor("tiny", {"entities": []})
    with pytest.raises(InputError, match="on_error"):
        Extractor("tiny", SCHEMA, on_error="ignore")
    with pytest.raises(InputError, match="threshold"):
        Extractor("tiny", SCHEMA, threshold=2)
    with pytest.raises(InputError, match="chunk_size"):
        Extractor("tiny", SCHEMA, chunk_size=0)
