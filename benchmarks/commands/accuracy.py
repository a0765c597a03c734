"""``accuracy``: zero-shot F1 of entities and accuracy of classifications per data set, for any contestants.

The tables have the shape of those in the GLiNER2 paper. Needs no torch unless the reference takes part.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.artifacts import checkpoint_key
from benchmarks.contestants import WITHOUT_PLAIN, Contestant
from benchmarks.measuring import progress
from benchmarks.options import add_run_options, count, make_settings, names, positive
from benchmarks.pool import Worker
from benchmarks.predictions import Key, Predictions
from benchmarks.questions import FIGURES, LABELS_NAME, Question, read_descriptions, read_questions
from benchmarks.results import new_result, write_result
from benchmarks.settings import Settings
from benchmarks.tables import model_lines, table
from gliner2_export.quality.gold import GoldScore
from gliner2_lite.bundle.manifest import MANIFEST_NAME
from gliner2_lite.errors import InputError

BATCH = 8
#: What the calls are made with; changed together with the worker's ``answer_batch``.
CALL_OPTIONS = {"threshold": 0.5}
CROSSNER = "ner/crossner_"
Answer = tuple[str, ...]


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``accuracy`` command to ``commands``."""
    parser = commands.add_parser("accuracy", help="zero-shot F1 and accuracy on labelled data")
    add_run_options(parser, repetitions=None)
    parser.add_argument(
        "--data", type=Path, required=True, metavar="DIR",
        help="holds ner/ and classification/ with *.dev.jsonl or *.test.jsonl",
    )  # fmt: skip
    parser.add_argument(
        "--per-file",
        type=positive,
        default=100,
        metavar="N",
        help="texts drawn from each file (default: 100)",
    )
    parser.add_argument(
        "--seed", type=count, default=0, metavar="N", help="which texts are drawn (default: 0)"
    )
    parser.add_argument(
        "--files", type=names, default=["*"], metavar="LIST",
        help="patterns of files or data sets, such as crossner_*.dev.jsonl,classification/* (default: all)",
    )  # fmt: skip
    parser.add_argument(
        "--descriptions", type=Path, nargs="?", const=Path(), metavar="FILE",
        help="ask with the descriptions of labels in FILE (default: LABELS.json of the data)",
    )  # fmt: skip
    parser.add_argument(
        "--restart", action="store_true", help="forget the predictions that an earlier run kept in --out"
    )
    parser.set_defaults(run=run, kept="predictions so far are kept; the same command goes on where it was")


def run(options: argparse.Namespace) -> None:
    """Ask the questions without a stored answer, score all answers, and print the report."""
    if not options.data.is_dir():
        raise InputError(f"--data {options.data} is not a directory")
    descriptions = None
    if options.descriptions is not None:
        named = options.descriptions != Path()
        descriptions = read_descriptions(options.descriptions if named else options.data / LABELS_NAME)
    questions = read_questions(
        options.data,
        per_file=options.per_file,
        seed=options.seed,
        files=options.files,
        descriptions=descriptions,
    )
    settings = make_settings(options, among=WITHOUT_PLAIN)
    path = options.out / "accuracy-predictions.jsonl"
    if options.restart:
        path.unlink(missing_ok=True)
    drawn = {"per_file": options.per_file, "seed": options.seed, "descriptions": descriptions is not None}
    with Predictions(path) as predictions:
        result = measure(settings, questions, predictions, options=drawn)
    print(write_result(result, report(result), options.out), end="")


def measure(
    settings: Settings, questions: Sequence[Question], predictions: Predictions, *, options: dict[str, Any]
) -> dict[str, Any]:
    """Ask every contestant the questions that ``predictions`` has no answer to, and score all answers.

    ``options`` says how the questions were drawn, for the result. An answer does not depend on the
    other questions, so predictions are stored by record and schema, and a larger draw reuses them.
    """
    result = new_result(settings, "accuracy")
    result["settings"] |= options
    result["files"] = _counts(questions)
    option_key = json.dumps(CALL_OPTIONS, sort_keys=True)
    keys = {
        contestant.name: [_key(contestant, question, option_key) for question in questions]
        for contestant in settings.roster
    }
    with progress(len(questions) * len(settings.roster), "accuracy") as bar:
        for contestant in settings.roster:
            bar.set_postfix_str(contestant.name)
            waiting = [
                (key, question)
                for key, question in zip(keys[contestant.name], questions, strict=True)
                if key not in predictions
            ]
            bar.update(len(questions) - len(waiting))
            if waiting:
                _ask(contestant, settings, waiting, predictions, bar)
            result["contestants"][contestant.name] = {"label": contestant.label, "asked_now": len(waiting)}
    for file in result["files"]:
        result["rows"].append(_score(file, questions, keys, predictions))
    return result


def answers_of(result: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Answer]:
    """The answers of a formatted result with offsets, in the form of gold answers."""
    answers: list[Answer] = []
    for label, spans in (result.get("entities") or {}).items():
        answers += [("entities", "entities", label, str(span["start"]), span["text"]) for span in spans]
    for task in schema.get("classifications", ()):
        labels = result.get(task["task"]) or []
        labels = [labels] if isinstance(labels, str) else labels
        answers += [("labels", task["task"], label) for label in labels]
    return answers


def _ask(
    contestant: Contestant,
    settings: Settings,
    waiting: Sequence[tuple[Key, Question]],
    predictions: Predictions,
    bar: Any,
) -> None:
    worker = Worker(contestant, threads=settings.threads, cpus=settings.cpus)
    try:
        for batch in _batches(waiting):
            texts = [question.gold.text for _, question in batch]
            schema = batch[0][1].schema
            answer = worker.call("answer batch", texts=texts, schema=schema)
            failed = set(answer.get("failed", ()))
            added = []
            for index, ((key, _), result) in enumerate(zip(batch, answer["results"], strict=True)):
                if index in failed:
                    added.append((key, {"answers": [], "error": result["error"]}))
                else:
                    added.append((key, {"answers": [list(one) for one in answers_of(result, schema)]}))
            predictions.add(added)
            bar.update(len(batch))
    finally:
        worker.close()


def _batches(waiting: Sequence[tuple[Key, Question]]) -> Iterator[list[tuple[Key, Question]]]:
    """Neighbours with the same schema, at most ``BATCH`` at a time."""
    for _, group in groupby(waiting, key=lambda item: item[1].schema):
        same = list(group)
        for begin in range(0, len(same), BATCH):
            yield same[begin : begin + BATCH]


def _score(
    file: str, questions: Sequence[Question], keys: Mapping[str, Sequence[Key]], predictions: Predictions
) -> dict[str, Any]:
    kind = file.partition("/")[0]
    row: dict[str, Any] = {"file": file, "kind": kind, "figure": FIGURES[kind], "results": {}}
    for name, of_contestant in keys.items():
        score, failed = GoldScore(), 0
        for key, question in zip(of_contestant, questions, strict=True):
            if question.gold.file == file:
                kept = predictions[key]
                failed += "error" in kept
                score.add((tuple(answer) for answer in kept["answers"]), question.gold.answers)
        row["texts"] = score.texts
        row["results"][name] = {
            "f1": score.f1(),
            "accuracy": score.accuracy(),
            "precision": score.right / score.found if score.found else 0.0,
            "recall": score.right / score.gold if score.gold else 0.0,
            "failed": failed,
        }
    return row


def _key(contestant: Contestant, question: Question, options: str) -> Key:
    return (contestant.name, _fingerprint(contestant), question.gold.file, question.record, options)


def _fingerprint(contestant: Contestant) -> str:
    """A key that changes with the contestant's model, so that answers of another model are not reused."""
    root = Path(contestant.path)
    if contestant.kind == "gliner2":
        return checkpoint_key(root)
    return f"{root.name}-{hashlib.sha256((root / MANIFEST_NAME).read_bytes()).hexdigest()[:12]}"


def _counts(questions: Sequence[Question]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for question in questions:
        counts[question.gold.file] = counts.get(question.gold.file, 0) + 1
    return counts


def report(result: dict[str, Any]) -> list[str]:
    """Entities by domain (CrossNER), entities of other data sets, classification; averages below each."""
    settings = result["settings"]
    with_or_without = "With" if settings["descriptions"] else "Without"
    lines = [
        "# Accuracy, zero-shot",
        "",
        f"At most {settings['per_file']} texts per file, the same for all (seed {settings['seed']}). "
        "Entities: F1 over exact spans with their label, micro-averaged per file. Classification: share of "
        f"texts whose labels are all right. {with_or_without} descriptions of labels, threshold 0.5. Every "
        "text is asked for all labels that its file knows.",
        "",
        *model_lines(result),
    ]
    entities = [row for row in result["rows"] if row["kind"] == "ner"]
    crossner = [row for row in entities if row["file"].startswith(CROSSNER)]
    others = [row for row in entities if row not in crossner]
    classes = [row for row in result["rows"] if row["kind"] == "classification"]
    lines += _table("Entities by domain (CrossNER), F1", "domain", crossner, result)
    lines += _table("Entities, other data sets, F1", "data set", others, result)
    lines += _table("Classification, accuracy", "data set", classes, result)
    failed = {
        name: sum(row["results"][name]["failed"] for row in result["rows"]) for name in result["contestants"]
    }
    for name, texts in failed.items():
        if texts:
            lines.append(f"- {name} refused {texts} texts; they count as answered with nothing.")
    return [*lines, ""] if any(failed.values()) else lines


def _table(title: str, first: str, rows: Sequence[dict[str, Any]], result: dict[str, Any]) -> list[str]:
    if not rows:
        return []
    names, figure = list(result["contestants"]), rows[0]["figure"]
    body = [
        [_short(row["file"]), str(row["texts"]), *(f"{row['results'][name][figure]:.3f}" for name in names)]
        for row in rows
    ]
    means = [sum(row["results"][name][figure] for row in rows) / len(rows) for name in names]
    body.append(["**average**", "", *(f"**{value:.3f}**" for value in means)])
    return [f"## {title}", "", *table([first, "texts", *names], body), ""]


def _short(file: str) -> str:
    """ "ner/crossner_ai.dev.jsonl" → "ai (dev)"."""
    name, _, split = file.partition("/")[2].removesuffix(".jsonl").rpartition(".")
    return f"{name.removeprefix('crossner_')} ({split})"
