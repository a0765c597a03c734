"""Stored cases on this project's runtime: the answers, and the prompts it encodes on the way."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import gliner2_lite
from gliner2_lite.errors import SchemaError
from gliner2_lite.graph.encode import Encoded, Sample
from gliner2_lite.pipeline import pipeline as runtime
from tests.golden.accepted import accepted
from tests.golden.compare import Comparison, compare
from tests.golden.program import call
from tests.golden.store import load_record, record_path, tag, untag

Case = dict[str, Any]


@dataclass(frozen=True)
class Replayed:
    """What the runtime gave for a case: its tagged result, and the prompt layer of every sample."""

    result: Any
    prompts: list[dict[str, Any]]


def load_model(bundle: Path) -> gliner2_lite.GLiNER2:
    """The fp32 variant of a bundle, on one thread: the models are far too small for more."""
    return gliner2_lite.GLiNER2.from_pretrained(bundle, variant="fp32", threads=1)


def replay(model: gliner2_lite.GLiNER2, case: Case) -> Replayed:
    """Run one case and note every sample that is encoded for it.

    A case with a word that is refused here must be refused, and is then run as ``accepted`` spells it.
    """
    arguments = accepted(case["args"])
    if arguments is not case["args"]:
        try:
            call(model, case, gliner2_lite)
        except SchemaError:
            case = {**case, "args": arguments}
        else:
            raise AssertionError(f"{case['id']}: a word that docs/differences.md calls an error was accepted")
    encode = runtime.encode_sample
    seen: list[tuple[Sample, Encoded]] = []

    def watched(sample: Sample, *args: Any, **options: Any) -> Encoded:
        encoded = encode(sample, *args, **options)
        seen.append((sample, encoded))
        return encoded

    with patch.object(runtime, "encode_sample", watched):
        result = tag(call(model, case, gliner2_lite))
    return Replayed(result, [prompt_of(sample, encoded) for sample, encoded in seen])


def prompt_of(sample: Sample, encoded: Encoded) -> dict[str, Any]:
    """The prompt layer of a sample in the form in which it is stored."""
    return {
        "words": list(sample.words.values),
        "starts": list(sample.words.starts),
        "ends": list(sample.words.ends),
        "prefix": list(sample.prompt.prefix),
        "ids": list(encoded.ids),
        "tasks": list(encoded.task_positions),
        "labels": [list(places) for places in encoded.label_positions],
        "pieces": [[places[0], len(places)] for places in encoded.word_positions],
    }


def problems(model: gliner2_lite.GLiNER2, case: Case, *, pooling: str) -> list[str]:
    """What is wrong with the runtime's prompts and answer for a case; empty when all is as recorded."""
    replayed = replay(model, case)
    prompts = compare_prompts(case, replayed, pooling=pooling).problems
    return [f"prompt {one}" for one in prompts] + compare_result(case, replayed).problems


@dataclass(frozen=True)
class Summary:
    """All cases of a checkpoint at a glance."""

    name: str
    cases: int
    confidences: int
    largest: float
    prompts: int
    failed: tuple[str, ...]


def summarise(name: str, bundle: Path) -> Summary:
    """Replay every stored case of the checkpoint ``name`` on its ``bundle``."""
    record, model = load_record(record_path(name)), load_model(bundle)
    cases = confidences = prompts = 0
    largest, failed = 0.0, []
    for case in record["cases"]:
        try:
            replayed = replay(model, case)
        except Exception as error:
            failed.append(f"{case['id']} ({type(error).__name__}: {error})")
            continue
        prompt = compare_prompts(case, replayed, pooling=record["token_pooling"])
        answer = compare_result(case, replayed)
        cases += "expected" in case
        prompts += len(case["prompts"])
        confidences += answer.floats
        largest = max(largest, answer.largest)
        failed += [f"{case['id']} ({one.problems[0]})" for one in (prompt, answer) if one.problems]
    return Summary(name, cases, confidences, largest, prompts, tuple(failed))


def report_line(summary: Summary) -> str:
    """One line for people, and one for each case that failed."""
    head = (
        f"{summary.name:22} {summary.cases:4} answers {summary.prompts:5} prompts "
        f"{summary.confidences:6} confidences, largest difference {summary.largest:.1e}, "
        f"{len(summary.failed)} failed"
    )
    return "\n    ".join([head, *summary.failed])


def compare_result(case: Case, replayed: Replayed) -> Comparison:
    """The stored answer against the runtime's; nothing to compare where none is stored."""
    if "expected" not in case:
        return Comparison()
    return compare(untag(case["expected"]), untag(replayed.result))


def compare_prompts(case: Case, replayed: Replayed, *, pooling: str) -> Comparison:
    """The stored prompt layer against the runtime's; of words, first pooling reads the first subword only."""
    got = replayed.prompts
    if pooling == "first":
        got = [{**prompt, "pieces": [[first, 1] for first, _ in prompt["pieces"]]} for prompt in got]
    return compare(case["prompts"], got)
