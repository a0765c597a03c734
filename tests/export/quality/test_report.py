"""The report: who is compared with whom, and how it reads in the manifest and in the card."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from gliner2_export.quality.gold import GoldText
from gliner2_export.quality.metrics import Answer
from gliner2_export.quality.report import (
    FP32,
    INT8,
    PLAIN,
    REFERENCE,
    GoldQuestion,
    Model,
    compare,
    gold_report,
    held_out_report,
    markdown,
    summary,
)

GOOD, BAD = ("labels", "mood", "good"), ("labels", "mood", "bad")


class Fixed:
    """An evaluator whose cells are the outputs, and whose answer is good from 0.5 on."""

    def __init__(self) -> None:
        self.likes: list[float] = []

    def cells(self, question: Any, outputs: Any, *, like: Any) -> np.ndarray:
        self.likes.append(float(like["p"][0]))
        return outputs["p"]

    def answers(self, question: Any, outputs: Any) -> list[Answer]:
        return [GOOD if outputs["p"][0] >= 0.5 else BAD]


def model_of(probability: float) -> Model:
    return Model(lambda batch: {"p": np.array([probability * batch])}, Fixed())


def question(batch: float = 1.0) -> Any:
    return SimpleNamespace(batch=batch)


def models() -> dict[str, Model]:
    return {REFERENCE: model_of(0.62), FP32: model_of(0.6), INT8: model_of(0.4)}


def test_models_are_compared_in_pairs_on_the_same_questions() -> None:
    asked = models()
    totals = compare(asked, [question(), question(0.5)])
    assert list(totals) == [(FP32, REFERENCE), (INT8, FP32), (INT8, REFERENCE)], "plain int8 is not there"
    int8 = totals[INT8, FP32]
    assert int8.delta()["cells"] == 2 and int8.delta()["max"] == pytest.approx(0.2)
    assert int8.changed() == 0.5, "good became bad for the first question only"
    assert totals[FP32, REFERENCE].changed() == 0.0
    # Asked like the expected model of each pair: fp32 like the reference, and fp32 and int8 like fp32.
    assert asked[FP32].evaluator.likes[:2] == [0.62, 0.6]
    assert asked[INT8].evaluator.likes[:2] == [0.6, 0.62]


def test_the_held_out_section_names_every_pair() -> None:
    section = held_out_report(models(), [question()])
    assert section["texts"] == 1
    assert list(section["comparisons"]) == [
        "fp32 against reference",
        "int8 against fp32",
        "int8 against reference",
    ]
    assert section["comparisons"]["int8 against fp32"]["changed"] == 1.0


def gold(answer: Answer, file: str) -> GoldQuestion:
    return GoldQuestion(GoldText(file, "classification", "text", None, (answer,)), question())


def test_the_labelled_section_judges_each_model_against_gold() -> None:
    asked = {FP32: model_of(0.6), INT8: model_of(0.4), PLAIN: model_of(0.9)}
    section = gold_report(asked, [gold(GOOD, "a"), gold(GOOD, "a"), gold(BAD, "b")])
    assert (section["texts"], section["files"]) == (3, 2)
    assert "plain int8 against fp32" in section["comparisons"]
    tasks = section["tasks"]["classification"]
    assert tasks[FP32]["accuracy"] == pytest.approx(2 / 3) and tasks[INT8]["F1"] == pytest.approx(1 / 3)


def test_the_summary_is_that_of_the_labelled_texts_where_there_are_some() -> None:
    report = {"held_out": held_out_report(models(), [question()])}
    assert summary(report)["int8_against_fp32"] == {
        "texts": 1, "mean_delta": 0.2, "p99_delta": 0.2, "max_delta": 0.2, "changed_answers": 1.0, "f1": 0.0,
    }  # fmt: skip
    report["evaluated"] = gold_report(models(), [gold(GOOD, "a")] * 2)
    assert summary(report)["int8_against_fp32"]["texts"] == 2
    without = {name: model for name, model in models().items() if name != INT8}
    assert summary({"held_out": held_out_report(without, [question()])}) == {}


def test_the_card_has_a_table_per_section_and_the_steps() -> None:
    report = {
        "held_out": held_out_report(models(), [question()]),
        "evaluated": gold_report(models(), [gold(GOOD, "a")]),
        "steps": ["all products in int8: over the bounds"],
    }
    text = markdown(report)
    assert text.startswith("## What int8 costs\n") and "\n\n\n" not in text and text.endswith("bounds\n")
    assert "| int8 against fp32 | 0.2000 | 0.200 | 0.20 | 100.0 % of 1 | 0.000 |" in text
    assert "| task | figure | reference | fp32 | int8 |" in text
    assert "| classification | accuracy | 100.0 | 100.0 | 0.0 |" in text
    assert "- all products in int8: over the bounds" in text
    assert "Labelled texts" not in markdown({"held_out": report["held_out"]})
