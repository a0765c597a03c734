"""Texts with gold answers, from which F1 and accuracy of a model are computed.

Reads a directory of ``<kind>/<name>.(dev|test).jsonl`` with one record a line:

    ner/             {"text", "spans": [[start, end, label], …]}
    classification/  {"text", "classification": {"task", "labels", "true", "multi_label"}}
    structures/      {"text", "structures": {name: [{field: value or [values]}, …]}}
    relations/       {"text", "relations": [{"relation", "head", "tail"}, …]}

A record is asked about every label that its file knows, a structure about every field of its name.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gliner2_export.quality.metrics import Answer
from gliner2_lite.errors import ExportError
from gliner2_lite.schema import Schema

SPLITS = (".dev.jsonl", ".test.jsonl")
Record = dict[str, Any]


@dataclass(frozen=True)
class GoldText:
    """One text, its schema, and the right answers in the form of ``gold_form``."""

    file: str
    kind: str
    text: str
    schema: Schema
    answers: tuple[Answer, ...]


@dataclass
class GoldScore:
    """Running micro-averaged counts of one model on one file or kind."""

    right: int = 0
    found: int = 0
    gold: int = 0
    texts: int = 0
    exact: int = 0  # texts whose answers are all right and complete

    def add(self, answers: Iterable[Answer], gold: Iterable[Answer]) -> None:
        """Count the answers to one text, in the form of ``gold_form``."""
        left, right = Counter(answers), Counter(gold)
        self.right += (left & right).total()
        self.found += left.total()
        self.gold += right.total()
        self.texts += 1
        self.exact += left == right

    def f1(self) -> float:
        """Micro F1; 1 when there is nothing to find and nothing was found."""
        return 2 * self.right / (self.found + self.gold) if self.found + self.gold else 1.0

    def accuracy(self) -> float:
        """Share of texts answered exactly right."""
        return self.exact / self.texts if self.texts else 1.0


@dataclass
class _Labels:
    """What one file knows."""

    names: dict[str, None] = field(default_factory=dict)
    fields: dict[str, dict[str, None]] = field(default_factory=dict)
    choices: dict[tuple[str, str], dict[str, None]] = field(default_factory=dict)


def read_gold(directory: Path, *, per_file: int, seed: int = 0) -> list[GoldText]:
    """At most ``per_file`` random records of every dev and test file under ``directory``.

    Raises ExportError naming the file and line when a record is not of the form above.
    """
    files = sorted(path for path in directory.glob("*/*.jsonl") if path.name.endswith(SPLITS))
    if not files:
        raise ExportError(f"{directory} holds no */*.dev.jsonl or */*.test.jsonl; give such a directory")
    return [text for path in files for text in _read_file(path, per_file, seed)]


def _read_file(path: Path, per_file: int, seed: int) -> Iterator[GoldText]:
    kind, labels, records = path.parent.name, _Labels(), {}
    if kind not in READERS:
        raise ExportError(f"{path}: folder {kind!r} is none of {', '.join(READERS)}")
    collect, build = READERS[kind]
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            with _explained(path, number):
                records[number] = json.loads(line)
                collect(records[number], labels)
    chosen = random.Random(f"{seed}/{path.name}").sample(sorted(records), min(per_file, len(records)))
    for number in chosen:
        with _explained(path, number):
            schema, answers = build(records[number], labels)
            yield GoldText(f"{kind}/{path.name}", kind, str(records[number]["text"]), schema, tuple(answers))


@contextmanager
def _explained(path: Path, number: int) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ExportError(f"{path}, line {number}: not of this folder's form ({error!r})") from error


def gold_form(answer: Answer) -> Answer:
    """A model's answer as it is compared with gold: mentions by place, values and relations by text."""
    kind, key, *rest = answer
    if kind == "records":
        _, name, _, text = rest
        return (kind, key, name, text.casefold())
    if kind == "relations":
        _, head, _, tail = rest
        return (kind, key, head.casefold(), tail.casefold())
    return answer


def _collect_entities(record: Record, labels: _Labels) -> None:
    labels.names.update(dict.fromkeys(label for _, _, label in record["spans"]))


def _build_entities(record: Record, labels: _Labels) -> tuple[Schema, list[Answer]]:
    answers = [
        ("entities", "entities", label, str(start), record["text"][start:end])
        for start, end, label in record["spans"]
    ]
    return Schema.from_dict({"entities": list(labels.names)}), answers


def _collect_classes(record: Record, labels: _Labels) -> None:
    record["classification"]["task"]


def _build_classes(record: Record, labels: _Labels) -> tuple[Schema, list[Answer]]:
    asked = record["classification"]
    task = {"task": asked["task"], "labels": asked["labels"], "multi_label": asked["multi_label"]}
    answers = [("labels", asked["task"], label) for label in asked["true"]]
    return Schema.from_dict({"classifications": [task]}), answers


def _collect_structures(record: Record, labels: _Labels) -> None:
    for name, instances in record["structures"].items():
        known = labels.fields.setdefault(name, {})
        for instance in instances:
            for key, value in instance.items():
                known[key] = None
                # A value that is not in the text can only be a choice.
                missing = [item for item in _listed(value) if item not in record["text"]]
                labels.choices.setdefault((name, key), {}).update(dict.fromkeys(missing))


def _build_structures(record: Record, labels: _Labels) -> tuple[Schema, list[Answer]]:
    structures, answers = {}, []
    for name, instances in record["structures"].items():
        many = {key for instance in instances for key, value in instance.items() if isinstance(value, list)}
        structures[name] = {
            "fields": [
                {"name": key, "dtype": "list" if key in many else "str"}
                | ({"choices": list(choices)} if (choices := labels.choices.get((name, key))) else {})
                for key in labels.fields[name]
            ]
        }
        answers += [
            ("records", name, key, item.casefold())
            for instance in instances
            for key, value in instance.items()
            for item in _listed(value)
        ]
    return Schema.from_dict({"structures": structures}), answers


def _collect_relations(record: Record, labels: _Labels) -> None:
    labels.names.update(dict.fromkeys(item["relation"] for item in record["relations"]))


def _build_relations(record: Record, labels: _Labels) -> tuple[Schema, list[Answer]]:
    answers = [
        ("relations", item["relation"], item["head"].casefold(), item["tail"].casefold())
        for item in record["relations"]
    ]
    return Schema.from_dict({"relations": list(labels.names)}), answers


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


READERS: dict[str, tuple[Callable[..., None], Callable[..., tuple[Schema, list[Answer]]]]] = {
    "ner": (_collect_entities, _build_entities),
    "classification": (_collect_classes, _build_classes),
    "structures": (_collect_structures, _build_structures),
    "relations": (_collect_relations, _build_relations),
}
