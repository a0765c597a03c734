"""How much accuracy int8 loses: all models of an export on the same questions, and a report of differences.

Held-out texts (built in, disjoint from the calibration texts) are always measured; texts with gold answers
when a directory of them is given. The report goes into ``quality.json``, its short form into the manifest
and, as Markdown, into the card.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gliner2_export.quality.evaluator import Evaluator, OutputSource, Question
from gliner2_export.quality.gold import GoldScore, GoldText, gold_form, read_gold
from gliner2_export.quality.metrics import Comparison
from gliner2_export.quality.texts import HELD_OUT_TEXTS, SchemaText, Tokens, crossed, read_texts
from gliner2_lite.prompt.layout import build_prompt
from gliner2_lite.schema import compile_schema

log = logging.getLogger("gliner2_export")

REFERENCE, FP32, INT8, PLAIN = "reference", "fp32", "int8", "plain int8"
#: Who is compared with whom: (actual, expected).
PAIRS = ((FP32, REFERENCE), (INT8, FP32), (INT8, REFERENCE), (PLAIN, FP32))
#: What a kind of gold folder is judged by.
TASK_FIGURE = {"ner": "F1", "classification": "accuracy", "structures": "F1", "relations": "F1"}


@dataclass(frozen=True)
class Model:
    """One model to compare: the source of its outputs, and what turns them into probabilities and answers."""

    outputs: OutputSource
    evaluator: Evaluator


@dataclass(frozen=True)
class GoldQuestion:
    """A question whose right answers are known."""

    gold: GoldText
    question: Question


def held_out_questions(tokens: Tokens) -> list[Question]:
    """The built-in held-out texts, each with two schemas; those that the encoder cannot take are left out."""
    return list(_questions(tokens, crossed(read_texts(HELD_OUT_TEXTS))))


def calibration_questions(tokens: Tokens, path: Path) -> list[Question]:
    """The texts of ``path``, each with two schemas."""
    return list(_questions(tokens, crossed(read_texts(path))))


def gold_questions(tokens: Tokens, directory: Path, *, per_file: int) -> list[GoldQuestion]:
    """Texts with gold answers; a record whose labels alone fill the encoder is left out."""
    questions = []
    for gold in read_gold(directory, per_file=per_file):
        sample = tokens.prompted(gold.text, build_prompt(compile_schema(gold.schema)))
        if tokens.fits(sample):
            questions.append(GoldQuestion(gold, Question(sample, tokens.batch(sample))))
    return questions


def _questions(tokens: Tokens, texts: Iterable[SchemaText]) -> Iterator[Question]:
    for item in texts:
        sample = tokens.sample(item)
        if tokens.fits(sample):
            yield Question(sample, tokens.batch(sample))


def compare(models: Mapping[str, Model], questions: Iterable[Question]) -> dict[tuple[str, str], Comparison]:
    """Ask every model every question; totals per pair of ``PAIRS`` of which both are there."""
    totals = {pair: Comparison() for pair in PAIRS if pair[0] in models and pair[1] in models}
    for question in questions:
        _ask(models, question, totals)
    return totals


def _ask(
    models: Mapping[str, Model], question: Question, totals: Mapping[tuple[str, str], Comparison]
) -> dict[str, Any]:
    """Add one question to ``totals``. Returns each model's answers."""
    outputs = {name: model.outputs(question.batch) for name, model in models.items()}
    answers = {name: model.evaluator.answers(question, outputs[name]) for name, model in models.items()}
    for (actual, expected), total in totals.items():
        total.add_answers(answers[expected], answers[actual])
        total.add_cells(
            *(
                models[name].evaluator.cells(question, outputs[name], like=outputs[expected])
                for name in (expected, actual)
            )
        )
    return answers


def held_out_report(models: Mapping[str, Model], questions: Sequence[Question]) -> dict[str, Any]:
    """The section ``held_out`` of ``quality.json``."""
    totals = compare(models, questions)
    return {"texts": len(questions), "comparisons": _named(totals)}


def gold_report(models: Mapping[str, Model], questions: Sequence[GoldQuestion]) -> dict[str, Any]:
    """The section ``evaluated``: differences between models, and each one's figures against gold."""
    totals = {pair: Comparison() for pair in PAIRS if pair[0] in models and pair[1] in models}
    scores: dict[str, dict[str, GoldScore]] = {}
    for number, item in enumerate(questions, start=1):
        answers = _ask(models, item.question, totals)
        for name, told in answers.items():
            score = scores.setdefault(item.gold.kind, {}).setdefault(name, GoldScore())
            score.add(map(gold_form, told), item.gold.answers)
        if number % 500 == 0:
            log.info("  %d of %d texts evaluated", number, len(questions))
    return {
        "texts": len(questions),
        "files": len({item.gold.file for item in questions}),
        "comparisons": _named(totals),
        "tasks": {
            kind: {name: {"F1": score.f1(), "accuracy": score.accuracy()} for name, score in by_model.items()}
            for kind, by_model in scores.items()
        },
    }


def _named(totals: Mapping[tuple[str, str], Comparison]) -> dict[str, Any]:
    return {f"{actual} against {expected}": total.as_dict() for (actual, expected), total in totals.items()}


def summary(report: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest's short form: int8 against fp32, on gold texts where there are any."""
    section = report.get("evaluated") or report["held_out"]
    figures = section["comparisons"].get(f"{INT8} against {FP32}")
    if figures is None:
        return {}
    delta = figures["delta"]
    return {
        "int8_against_fp32": {
            "texts": section["texts"],
            "mean_delta": round(delta["mean"], 5),
            "p99_delta": round(delta["p99"], 5),
            "max_delta": round(delta["max"], 5),
            "changed_answers": round(figures["changed"], 5),
            "f1": round(figures["f1"], 5),
        }
    }


def markdown(report: Mapping[str, Any]) -> str:
    """The section of the model card on quality, as Markdown."""
    parts = ["## What int8 costs", "", _explanation(report), ""]
    for title, name in (("Held-out texts of the exporter", "held_out"), ("Labelled texts", "evaluated")):
        if name in report:
            section = report[name]
            parts += [f"{title} ({section['texts']}):", "", *_comparison_rows(section["comparisons"]), ""]
            parts += [*_task_rows(section.get("tasks", {})), ""]
    if report.get("steps"):
        parts += ["To stay within the bounds asked for, the exporter did this:", ""]
        parts += [*(f"- {step}" for step in report["steps"]), ""]
    return "\n".join(parts).replace("\n\n\n", "\n\n").strip() + "\n"


def _explanation(report: Mapping[str, Any]) -> str:
    return (
        "Δp is the difference of a probability that either model puts above 0.05; an answer is one mention, "
        "label, record value or relation, and changed when it is another one, missing or new. "
        "Details are in `quality.json`."
    )


def _comparison_rows(comparisons: Mapping[str, Any]) -> list[str]:
    rows = [
        "| | mean Δp | 99 % of Δp below | largest Δp | changed answers | F1 of answers |",
        "|---|---|---|---|---|---|",
    ]
    for name, figures in comparisons.items():
        delta = figures["delta"]
        rows.append(
            f"| {name} | {delta['mean']:.4f} | {delta['p99']:.3f} | {delta['max']:.2f} "
            f"| {100 * figures['changed']:.1f} % of {figures['answers']} | {figures['f1']:.3f} |"
        )
    return rows


def _task_rows(tasks: Mapping[str, Any]) -> list[str]:
    if not tasks:
        return []
    models = list(next(iter(tasks.values())))
    rows = [f"| task | figure | {' | '.join(models)} |", "|---" * (len(models) + 2) + "|"]
    for kind, scores in tasks.items():
        figure = TASK_FIGURE[kind]
        values = " | ".join(f"{100 * scores[name][figure]:.1f}" for name in models)
        rows.append(f"| {kind} | {figure} | {values} |")
    return rows
