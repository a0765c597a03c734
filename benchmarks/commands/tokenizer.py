"""``tokenizer``: what both forms of a bundle's tokenizer cost, in fresh processes and in turn."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.measuring import require_usage
from benchmarks.options import positive
from benchmarks.processes import LOG_TAIL, ProcessError, python_code
from benchmarks.texts import read_sentences
from benchmarks.tokenizer_form import FIRST
from gliner2_lite.bundle.manifest import read_bundle
from gliner2_lite.errors import InputError
from gliner2_lite.prompt.words import split_words, whitespace_words

FORMS = ("tokenizers", "compact")
RUNS = 5
MORE = 5_000  # new words after the first ones
UNITS = {
    "load": "ms",
    "first": f"ms for {FIRST} words",
    "word": "µs per new word",
    "anonymous": "MB anonymous",
}
Runs = Mapping[str, Sequence[Mapping[str, float]]]
"""Form → the figures of each of its runs."""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``tokenizer`` command to ``commands``."""
    parser = commands.add_parser("tokenizer", help="time and memory of both forms of a bundle's tokenizer")
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="bundle that holds both forms")
    parser.add_argument(
        "data",
        type=Path,
        nargs="?",
        metavar="DATA",
        help="texts whose words are looked up: DATA/ner/*.jsonl (default: built-in sentences)",
    )
    parser.add_argument(
        "--runs", type=positive, default=RUNS, metavar="N", help=f"processes per form (default: {RUNS})"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Measure both forms and print a line for each."""
    if read_bundle(options.bundle).vocabulary is None:
        raise InputError(f"{options.bundle} holds its tokenizer in one form only: nothing to compare")
    result = measure(options.bundle, read_sentences(options.data), runs=options.runs)
    print("\n".join(report(result)))


def measure(bundle: Path, sentences: Sequence[str], *, runs: int) -> Runs:
    """Figures of ``runs`` processes per form, on the distinct words of ``sentences``.

    Raises:
        ProcessError: one of the processes failed. InputError: the system does not tell what memory it takes.
    """
    require_usage()
    values = (value for text in sentences for value in split_words(text, whitespace_words).values)
    words = list(dict.fromkeys(values))[: FIRST + MORE]
    result: dict[str, list[Mapping[str, float]]] = {form: [] for form in FORMS}
    for _ in range(runs):
        for form, figures in result.items():
            command = [sys.executable, "-c", python_code("benchmarks.tokenizer_form"), form, str(bundle)]
            done = subprocess.run(
                command, input=json.dumps(words), capture_output=True, text=True, encoding="utf-8"
            )
            if done.returncode != 0:
                raise ProcessError(f"the form {form!r} failed:\n{done.stderr.strip()[-LOG_TAIL:]}")
            figures.append(json.loads(done.stdout))
    return result


def report(result: Runs) -> list[str]:
    """One line per form, with medians."""
    lines = []
    for form, figures in result.items():
        medians = (f"{median(one[name] for one in figures):.1f} {unit}" for name, unit in UNITS.items())
        lines.append(f"{form:10} {', '.join(medians)}")
    return lines
