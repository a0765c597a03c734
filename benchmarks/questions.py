"""The questions of ``accuracy``: labelled texts, each with a schema of all labels in its file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from gliner2_export.quality.gold import GoldText, read_gold
from gliner2_lite.errors import InputError

#: Folder of the data → what its table shows.
FIGURES = {"ner": "f1", "classification": "accuracy"}
LABELS_NAME = "LABELS.json"
Descriptions = Mapping[str, Any]
"""Data set ("ner/name") → {label: description}, or task → {label: description}."""


@dataclass(frozen=True)
class Question:
    """What a contestant is asked: the gold text, the schema as a friendly dict, and the key of its record."""

    gold: GoldText
    schema: dict[str, Any]
    record: str


def read_questions(
    data: Path, *, per_file: int, seed: int, files: Sequence[str] = ("*",), descriptions: Descriptions | None
) -> list[Question]:
    """The questions of all dev and test files of ``ner/`` and ``classification/`` that match ``files``.

    Raises:
        InputError: nothing matches, or no label has a description. ExportError: a record of another form.
    """
    questions, described = [], 0
    for gold in read_gold(data, per_file=per_file, seed=seed):
        if gold.kind not in FIGURES or not any(_matches(gold.file, pattern) for pattern in files):
            continue
        schema = gold.schema.to_dict()
        if descriptions is not None:
            described += describe(schema, descriptions.get(data_set_of(gold.file), {}))
        record = hashlib.sha256(json.dumps([gold.text, schema]).encode()).hexdigest()[:16]
        questions.append(Question(gold, schema, record))
    if not questions:
        raise InputError(f"{data}: no file of {', '.join(FIGURES)} matches {', '.join(files)}")
    if descriptions is not None and not described:
        raise InputError(
            'the descriptions name no label that is asked; the form is {"ner/name": {label: description}, '
            '"classification/name": {task: {label: description}}}'
        )
    return questions


def read_descriptions(path: Path) -> Descriptions:
    """A JSON file of descriptions; lists of labels in it, which describe nothing, are allowed.

    Raises:
        InputError: not such a file.
    """
    try:
        described = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as descriptions of labels: {error}") from error
    if not isinstance(described, dict):
        raise InputError(f"{path}: an object of data sets is needed, not {type(described).__name__}")
    return described


def describe(schema: dict[str, Any], texts: Any) -> int:
    """Put the descriptions ``texts`` of one data set into its ``schema``; returns how many labels got one."""
    count = 0
    if isinstance(texts, Mapping) and "entities" in schema:
        by_label = {label: texts.get(label) for label in schema["entities"]}
        schema["entities"] = {
            label: text if isinstance(text, str) else "" for label, text in by_label.items()
        }
        if not any(schema["entities"].values()):
            schema["entities"] = list(by_label)
        count += sum(isinstance(text, str) for text in by_label.values())
    for task in schema.get("classifications", ()):
        of_task = texts.get(task["task"]) if isinstance(texts, Mapping) else None
        if isinstance(of_task, Mapping):
            by_label = {
                label: of_task[label] for label in task["labels"] if isinstance(of_task.get(label), str)
            }
            if by_label:
                task["label_descriptions"] = by_label
                count += len(by_label)
    return count


def data_set_of(file: str) -> str:
    """ "ner/name.dev.jsonl" → "ner/name"."""
    return file.removesuffix(".jsonl").rpartition(".")[0]


def _matches(file: str, pattern: str) -> bool:
    """Whether ``pattern`` fits the file, its name or its data set."""
    return any(fnmatch(text, pattern) for text in (file, Path(file).name, data_set_of(file)))
