"""The recognizer inside Presidio's AnalyzerEngine and in front of its AnonymizerEngine."""

from __future__ import annotations

import pytest
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_anonymizer import AnonymizerEngine

from gliner2_lite import GLiNER2, InputError, SchemaError
from gliner2_lite.integrations.presidio import BlankNlpEngine, GLiNER2Recognizer

MAPPING = {"person": "PERSON", "company": "ORGANIZATION", "city": "LOCATION"}
TEXT = "Tim Cook works for Apple in Cupertino."


def engine(*recognizers: GLiNER2Recognizer, languages: tuple[str, ...] = ("en",)) -> AnalyzerEngine:
    registry = RecognizerRegistry(recognizers=list(recognizers), supported_languages=list(languages))
    return AnalyzerEngine(
        registry=registry, nlp_engine=BlankNlpEngine(languages), supported_languages=list(languages)
    )


def test_results_are_the_models_under_presidios_names(tiny: GLiNER2) -> None:
    results = engine(GLiNER2Recognizer("tiny", MAPPING)).analyze(TEXT, language="en")
    found = sorted((r.start, r.end, r.entity_type, r.score) for r in results)
    direct = tiny.predict_entities(TEXT, list(MAPPING))
    assert len(direct) == 3
    expected = [(e["start"], e["end"], MAPPING[e["label"]], e["score"]) for e in direct]
    assert [item[:3] for item in found] == [item[:3] for item in expected]
    assert [item[3] for item in found] == pytest.approx([item[3] for item in expected], abs=1e-4)


def test_a_text_is_anonymized_beside_presidios_own_patterns() -> None:
    analyzer = AnalyzerEngine(nlp_engine=BlankNlpEngine(), supported_languages=["en"])
    analyzer.registry.add_recognizer(GLiNER2Recognizer("tiny", MAPPING))
    text = "Tim Cook lives in Cupertino and pays with 4095-2609-9393-4932."
    entities = ["PERSON", "LOCATION", "CREDIT_CARD"]
    results = analyzer.analyze(text, language="en", entities=entities)
    anonymized = AnonymizerEngine().anonymize(text, results)
    assert anonymized.text == "<PERSON> lives in <LOCATION> and pays with <CREDIT_CARD>."


def test_asking_for_one_entity_does_not_change_it() -> None:
    analyzer = engine(GLiNER2Recognizer("tiny", MAPPING))
    everything = analyzer.analyze(TEXT, language="en")
    people = analyzer.analyze(TEXT, language="en", entities=["PERSON"])
    assert [r.to_dict() for r in people] == [r.to_dict() for r in everything if r.entity_type == "PERSON"]
    assert len(people) == 1


@pytest.mark.parametrize("filling", ["Nothing happened that day. ", "8f3a-77c1-e09b-41d2 "])
def test_long_text_is_read_to_its_end(filling: str) -> None:
    text = filling * 200 + "Satya Nadella works for Microsoft."
    results = engine(GLiNER2Recognizer("tiny", MAPPING)).analyze(text, language="en", entities=["PERSON"])
    assert [text[r.start : r.end] for r in results] == ["Satya Nadella"]


def test_thresholds_for_all_labels_and_for_one() -> None:
    strict = GLiNER2Recognizer("tiny", MAPPING, labels={"person": {"threshold": 1.0}})
    assert {r.entity_type for r in engine(strict).analyze(TEXT, language="en")} == {
        "ORGANIZATION",
        "LOCATION",
    }
    assert engine(GLiNER2Recognizer("tiny", MAPPING, threshold=1.0)).analyze(TEXT, language="en") == []


def test_several_languages_share_one_model() -> None:
    english, german = GLiNER2Recognizer.for_languages(["en", "de"], "tiny", entity_mapping=MAPPING)
    analyzer = engine(english, german, languages=("en", "de"))
    text = "Lars Olsen wohnt in Oslo."
    assert {r.entity_type for r in analyzer.analyze(text, language="de")} >= {"PERSON"}
    assert english._model() is german._model()


def test_explanation_names_the_label() -> None:
    analyzer = engine(GLiNER2Recognizer("tiny", MAPPING))
    result = analyzer.analyze(TEXT, language="en", entities=["ORGANIZATION"], return_decision_process=True)[0]
    assert "'company'" in result.analysis_explanation.textual_explanation
    assert result.analysis_explanation.original_score == result.score


def test_mistakes_are_named_when_the_recognizer_is_made() -> None:
    with pytest.raises(InputError, match="'persn' is not a label of entity_mapping"):
        GLiNER2Recognizer("tiny", MAPPING, labels={"persn": "a human"})
    with pytest.raises(InputError, match="threshold"):
        GLiNER2Recognizer("tiny", MAPPING, threshold=50)
    with pytest.raises(InputError, match="entity_mapping is empty"):
        GLiNER2Recognizer("tiny", {})
    with pytest.raises(SchemaError):
        GLiNER2Recognizer("tiny", {"[E]": "PERSON"})
