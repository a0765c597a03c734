"""``accuracy``: zero-shot F1 of entities and accuracy of classifications per data set, for any contestants.

The tables have the shape of those in the GLiNER2 paper. Needs no torch unless the reference takes part.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.artifacts import checkpoint_key
from benchmarks.contestants import Contestant
from benchmarks.pool import Worker
from benchmarks.predictions import Key, Predictions
from benchmarks.settings import Settings, new_result, progress
from gliner2_export.quality.gold import GoldScore, GoldText, read_gold
from gliner2_lite.bundle.manifest import MANIFEST_NAME
from gliner2_lite.errors import InputError

#: Folder of the data → what its table shows.
FIGURES = {"ner": "f1", "classification": "accuracy"}
LABELS_NAME = "LABELS.json"
BATCH = 8
#: What the calls are made with; changed together with the worker's ``answer_batch``.
CALL_OPTIONS = {"threshold": 0.5}
Answer = tuple[str, ...]
Descriptions = Mapping[str, Any]
"""Data set ("ner/name") → {label: description}, or task → {label: description}."""


@dataclass(frozen=True)
class Asked:
    """One question: the gold text, the schema as a friendly dict, and the key of its record."""

    gold: GoldText
    schema: dict[str, Any]
    record: str


def read_asked(
    data: Path, *, per_file: int, seed: int, files: Sequence[str] = ("*",), descriptions: Descriptions | None
) -> list[Asked]:
    """The questions of all dev and test files of ``ner/`` and ``classification/`` that match ``files``.

    Raises:
        InputError: nothing matches, or no label has a description. ExportError: a record of another form.
    """
    asked, described = [], 0
    for gold in read_gold(data, per_file=per_file, seed=seed):
        if gold.kind not in FIGURES or not any(_matches(gold.file, pattern) for pattern in files):
            continue
        schema = gold.schema.to_dict()
        if descriptions is not None:
            described += describe(schema, descriptions.get(data_set_of(gold.file), {}))
        record = hashlib.sha256(json.dumps([gold.text, schema]).encode()).hexdigest()[:16]
        asked.append(Asked(gold, schema, record))
    if not asked:
        raise InputError(f"{data}: no file of {', '.join(FIGURES)} matches {', '.join(files)}")
    if descriptions is not None and not described:
        raise InputError(
            'the descriptions name no label that is asked; the form is {"ner/name": {label: description}, '
            '"classification/name": {task: {label: description}}}'
        )
    return asked


def read_descriptions(path: Path) -> Descriptions:
    """A JSON file of descriptions; lists of labels in it, which describe nothing, are allowed.

    Raises:
        InputError: not such a file.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as descriptions of labels: {error}") from error
    if not isinstance(found, dict):
        raise InputError(f"{path}: an object of data sets is needed, not {type(found).__name__}")
    return found


def describe(schema: dict[str, Any], texts: Any) -> int:
    """Put the descriptions ``texts`` of one data set into its ``schema``; returns how many labels got one."""
    count = 0
    if isinstance(texts, Mapping) and "entities" in schema:
        found = {label: texts.get(label) for label in schema["entities"]}
        schema["entities"] = {label: text if isinstance(text, str) else "" for label, text in found.items()}
        if not any(schema["entities"].values()):
            schema["entities"] = list(found)
        count += sum(isinstance(text, str) for text in found.values())
    for task in schema.get("classifications", ()):
        own = texts.get(task["task"]) if isinstance(texts, Mapping) else None
        if isinstance(own, Mapping):
            found = {label: own[label] for label in task["labels"] if isinstance(own.get(label), str)}
            if found:
                task["label_descriptions"] = found
                count += len(found)
    return count


def run_accuracy(
    settings: Settings, asked: Sequence[Asked], predictions: Predictions, *, options: dict[str, Any]
) -> dict[str, Any]:
    """Ask every contestant what ``predictions`` does not know yet, and score all answers.

    ``options`` says how the questions were drawn, for the result. Answers do not depend on which others were
    asked, so predictions are kept for the record with its schema, and a larger draw uses them again.
    """
    result = new_result(settings, "accuracy")
    result["settings"] |= options
    result["files"] = _counts(asked)
    option_key = json.dumps(CALL_OPTIONS, sort_keys=True)
    keys = {
        contestant.name: [_key(contestant, question, option_key) for question in asked]
        for contestant in settings.roster
    }
    with progress(len(asked) * len(settings.roster), "accuracy") as bar:
        for contestant in settings.roster:
            bar.set_postfix_str(contestant.name)
            waiting = [
                (key, question)
                for key, question in zip(keys[contestant.name], asked, strict=True)
                if key not in predictions
            ]
            bar.update(len(asked) - len(waiting))
            if waiting:
                _ask(contestant, settings, waiting, predictions, bar)
            result["contestants"][contestant.name] = {"label": contestant.label, "asked_now": len(waiting)}
    for file in result["files"]:
        result["rows"].append(_score(file, asked, keys, predictions))
    return result


def answers_of(result: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Answer]:
    """A formatted result with places, in the form in which gold answers are written."""
    answers: list[Answer] = []
    for label, spans in (result.get("entities") or {}).items():
        answers += [("entities", "entities", label, str(span["start"]), span["text"]) for span in spans]
    for task in schema.get("classifications", ()):
        labels = result.get(task["task"]) or []
        labels = [labels] if isinstance(labels, str) else labels
        answers += [("labels", task["task"], label) for label in labels]
    return answers


def data_set_of(file: str) -> str:
    """ "ner/name.dev.jsonl" → "ner/name"."""
    return file.removesuffix(".jsonl").rpartition(".")[0]


def _ask(
    contestant: Contestant,
    settings: Settings,
    waiting: Sequence[tuple[Key, Asked]],
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
            for index, ((key, _), found) in enumerate(zip(batch, answer["results"], strict=True)):
                if index in failed:
                    added.append((key, {"answers": [], "error": found["error"]}))
                else:
                    added.append((key, {"answers": [list(one) for one in answers_of(found, schema)]}))
            predictions.add(added)
            bar.update(len(batch))
    finally:
        worker.close()


def _batches(waiting: Sequence[tuple[Key, Asked]]) -> Iterator[list[tuple[Key, Asked]]]:
    """Neighbours with the same schema, at most ``BATCH`` at a time."""
    for _, group in groupby(waiting, key=lambda item: item[1].schema):
        same = list(group)
        for begin in range(0, len(same), BATCH):
            yield same[begin : begin + BATCH]


def _score(
    file: str, asked: Sequence[Asked], keys: Mapping[str, Sequence[Key]], predictions: Predictions
) -> dict[str, Any]:
    kind = file.partition("/")[0]
    row: dict[str, Any] = {"file": file, "kind": kind, "figure": FIGURES[kind], "results": {}}
    for name, own in keys.items():
        score, failed = GoldScore(), 0
        for key, question in zip(own, asked, strict=True):
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


def _key(contestant: Contestant, question: Asked, options: str) -> Key:
    return (contestant.name, _fingerprint(contestant), question.gold.file, question.record, options)


def _fingerprint(contestant: Contestant) -> str:
    """What changes when the contestant's model does: answers of another model are not taken for its own."""
    root = Path(contestant.path)
    if contestant.kind == "gliner2":
        return checkpoint_key(root)
    return f"{root.name}-{hashlib.sha256((root / MANIFEST_NAME).read_bytes()).hexdigest()[:12]}"


def _matches(file: str, pattern: str) -> bool:
    """Whether ``pattern`` fits the file, its name or its data set."""
    return any(fnmatch(text, pattern) for text in (file, Path(file).name, data_set_of(file)))


def _counts(asked: Sequence[Asked]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for question in asked:
        counts[question.gold.file] = counts.get(question.gold.file, 0) + 1
    return counts
