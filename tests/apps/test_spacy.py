"""The component inside spaCy pipelines."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Doc, Span

from gliner2_lite import GLiNER2, InputError, SchemaError

ROOT = Path(__file__).resolve().parent.parent.parent
CONFIG = {
    "model": "tiny",
    "labels": ["person", "company", "city"],
    "classes": {"mood": ["positive", "negative"]},
    "threads": 1,
}
TEXT = "Tim Cook works for Apple in Cupertino and everybody loves him."


def pipeline(**config: object) -> spacy.Language:
    nlp = spacy.blank("en")
    nlp.add_pipe("gliner2_lite", config={**CONFIG, **config})
    return nlp


def shown(doc: Doc) -> list[tuple[str, str, int, int]]:
    return [(span.text, span.label_, span.start_char, span.end_char) for span in doc.ents]


def test_document_holds_the_models_answers(tiny: GLiNER2) -> None:
    doc = pipeline()(TEXT)
    direct = tiny.predict_entities(TEXT, CONFIG["labels"])
    assert {(e["text"], e["label"]) for e in direct} >= {("Tim Cook", "person"), ("Apple", "company")}
    assert shown(doc) == [(e["text"], e["label"], e["start"], e["end"]) for e in direct]
    group = doc.spans["gliner2"]
    assert [(span.text, span.label_) for span in group] == [(e["text"], e["label"]) for e in direct]
    # The classification is asked in the same pass and reads a little into the scores.
    assert group.attrs["scores"] == pytest.approx([e["score"] for e in direct], abs=0.1)
    mood = tiny.classify_text(TEXT, CONFIG["classes"])["mood"]
    assert set(doc.cats) == {"positive", "negative"}
    assert max(doc.cats, key=doc.cats.get) == mood == "positive"
    assert sum(doc.cats.values()) == pytest.approx(1)


def test_cats_of_several_tasks_say_which(tiny: GLiNER2) -> None:
    aspects = {"labels": ["people", "food"], "multi_label": True, "cls_threshold": 0.9}
    mood = {"labels": ["positive", "negative"], "abstain": True}  # every label has its score all the same
    doc = pipeline(classes={"mood": mood, "about": aspects})(TEXT)
    assert set(doc.cats) == {"mood=positive", "mood=negative", "about=people", "about=food"}


def test_pipe_gives_what_single_calls_give(sentences: list[str]) -> None:
    nlp = pipeline()
    texts = [*sentences[:20], ""]
    together = list(nlp.pipe(texts, batch_size=16))
    assert [doc.text for doc in together] == texts
    assert [shown(doc) for doc in together] == [shown(nlp(text)) for text in texts]


def test_worker_processes_load_their_own_model(sentences: list[str]) -> None:
    nlp = pipeline()
    expected = [shown(doc) for doc in nlp.pipe(sentences[:12])]  # this process has loaded one, then forks
    assert [shown(doc) for doc in nlp.pipe(sentences[:12], n_process=2, batch_size=4)] == expected


def test_saved_pipeline_loads_in_a_new_process_through_the_entry_point(tmp_path: Path) -> None:
    nlp = pipeline()
    nlp.to_disk(tmp_path / "nlp")
    code = f"import spacy; print([e.text for e in spacy.load({str(tmp_path / 'nlp')!r})({TEXT!r}).ents])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert done.stdout.strip() == str([ent.text for ent in nlp(TEXT).ents])
    changed = spacy.load(tmp_path / "nlp", config={"components": {"gliner2_lite": {"threshold": 1.0}}})
    assert changed(TEXT).ents == ()
    assert spacy.blank("en").from_config(nlp.config).config["components"] == nlp.config["components"]


def test_annotations_survive_serialisation() -> None:
    doc = pipeline()(TEXT)
    copy = Doc(doc.vocab).from_bytes(doc.to_bytes())
    assert shown(copy) == shown(doc) != []
    assert copy.spans["gliner2"].attrs["scores"] == doc.spans["gliner2"].attrs["scores"]


@pytest.mark.parametrize(
    ("mode", "expected"), [("strict", []), ("contract", ["Nadella"]), ("expand", ["Dr.Satya Nadella"])]
)
def test_alignment_to_tokens(mode: str, expected: list[str]) -> None:
    """The model's words and spaCy's tokens may differ; here the document comes with its own tokens."""
    nlp = pipeline(alignment_mode=mode, labels=["person"])
    words = ["Dr.Satya", "Nadella", "lives", "here", "."]
    component = nlp.get_pipe("gliner2_lite")
    doc = Doc(nlp.vocab, words=words, spaces=[True, True, True, False, False])
    start = doc.text.index("Satya")
    found = [{"start": start, "end": start + len("Satya Nadella"), "label": "person", "score": 0.9}]
    spans, scores = component._spans(doc, found)
    assert [span.text for span in spans] == expected
    assert len(scores) == len(expected)


@pytest.mark.parametrize(("overwrite", "label"), [(False, "BOSS"), (True, "person")])
def test_entities_that_are_there_already(overwrite: bool, label: str) -> None:
    nlp = pipeline(overwrite_ents=overwrite)
    doc = nlp.make_doc(TEXT)
    doc.ents = [Span(doc, 0, 2, label="BOSS")]
    doc = nlp.get_pipe("gliner2_lite")(doc)
    assert [ent.label_ for ent in doc.ents if ent.text == "Tim Cook"] == [label]
    assert "Apple" in [ent.text for ent in doc.ents]


def test_after_another_component_in_one_pipeline() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "YEAR", "pattern": [{"SHAPE": "dddd"}]}])
    nlp.add_pipe("gliner2_lite", config=CONFIG)
    doc = nlp("Tim Cook moved to Austin in 2019. He likes it.")
    assert ("2019", "YEAR") in [(ent.text, ent.label_) for ent in doc.ents]
    assert ("Tim Cook", "person") in [(ent.text, ent.label_) for ent in doc.ents]
    assert len(list(doc.sents)) == 2


def test_mistakes_show_when_the_pipe_is_added() -> None:
    with pytest.raises(ValueError, match="model"):
        spacy.blank("en").add_pipe("gliner2_lite", config={"labels": ["person"]})
    with pytest.raises(InputError, match="nothing to extract"):
        spacy.blank("en").add_pipe("gliner2_lite", config={"model": "tiny"})
    with pytest.raises(InputError, match="alignment_mode"):
        pipeline(alignment_mode="loose")
    with pytest.raises(SchemaError):
        pipeline(classes={"mood": []})


def test_text_that_cannot_be_run_goes_to_spacys_error_handler(tmp_path: Path) -> None:
    """An encoder with 512 positions, and a text of words that are many tokens each."""
    with zipfile.ZipFile(ROOT / "tests" / "golden" / "bundles" / "bert-first-wordpiece.zip") as archive:
        archive.extractall(tmp_path)
    nlp = pipeline(model=str(tmp_path), classes={})
    texts = ["Tim Cook lives here.", "incomprehensibilities-" * 2000, "Lars moved to Oslo."]
    with pytest.raises(InputError, match="tokens"):
        list(nlp.pipe(texts))
    failed = []
    nlp.set_error_handler(lambda name, component, docs, error: failed.extend(docs))
    assert [doc.text for doc in nlp.pipe(texts)] == [texts[0], texts[2]]
    assert [doc.text for doc in failed] == [texts[1]]
