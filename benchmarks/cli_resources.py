"""The commands that measure what a model needs and how right it is: options, and the call of each."""

from __future__ import annotations

import argparse
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.cli_options import (
    OUT,
    add_run_options,
    add_texts_option,
    make_settings,
    names,
    positive,
)
from benchmarks.contestants import OURS, REFERENCE
from benchmarks.report import write_result
from benchmarks.settings import prepare_out
from benchmarks.texts import read_sentences
from gliner2_lite.errors import InputError
from gliner2_lite.graph.profiles import PROFILES

#: Who takes part when none is named: the plain export would say little about these and takes minutes.
AMONG = (*OURS, REFERENCE)


def add_resource_commands(commands: Any) -> None:
    """Add ``cold-start``, ``memory``, ``footprint``, ``small-device``, ``resources`` and ``accuracy``."""
    cold = commands.add_parser("cold-start", help="fresh processes: exec to the first printed result")
    add_run_options(cold, repetitions=7)
    add_texts_option(cold)
    cold.set_defaults(run=_cold_start)

    memory = commands.add_parser("memory", help="resident, anonymous, shared; several processes; growth")
    add_run_options(memory, repetitions=None)
    add_texts_option(memory)
    memory.add_argument(
        "--calls",
        type=_count,
        default=5000,
        metavar="N",
        help="calls watched for growth (default: 5000; 0: none)",
    )
    memory.add_argument(
        "--processes", type=positive, default=4, metavar="N", help="processes side by side (default: 4)"
    )
    memory.add_argument(
        "--first-calls", type=positive, default=100, metavar="N",
        help="mixed calls before memory is read (default: 100)",
    )  # fmt: skip
    memory.add_argument(
        "--document-kb", type=_count, default=100, metavar="N",
        help="size of a document read with the long form (default: 100; 0: none)",
    )  # fmt: skip
    memory.add_argument("--profile", choices=tuple(PROFILES), help="of our variants (default: the library's)")
    memory.set_defaults(run=_memory)

    footprint = commands.add_parser("footprint", help="sizes on disk: slim environment, reference, bundles")
    footprint.add_argument(
        "--bundle", type=Path, nargs="+", default=[], metavar="DIR", help="bundles to list"
    )
    _add_environments(footprint)
    footprint.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="results (default: benchmarks/out)"
    )
    footprint.set_defaults(run=_footprint)

    small = commands.add_parser("small-device", help="one thread and little memory: what fits")
    small.add_argument("--bundle", type=Path, nargs="+", required=True, metavar="DIR")
    small.add_argument(
        "--limit-mb", type=positive, default=512, metavar="N", help="mebibytes of memory (default: 512)"
    )
    small.add_argument("--texts", type=positive, default=20, metavar="N", help="texts answered (default: 20)")
    small.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="results (default: benchmarks/out)"
    )
    add_texts_option(small)
    small.set_defaults(run=_small_device)

    resources = commands.add_parser("resources", help="all goals for start, memory, size, throughput at once")
    add_run_options(resources, repetitions=7)
    add_texts_option(resources)
    _add_environments(resources)
    resources.add_argument(
        "--calls", type=_count, metavar="N", help="calls watched for growth (default: 5000; quick: 200)"
    )
    resources.add_argument(
        "--texts", type=positive, metavar="N", help="texts of throughput (default: 1000; quick: 16)"
    )
    resources.set_defaults(run=_resources, kept="the reports of finished parts are kept")

    accuracy = commands.add_parser("accuracy", help="zero-shot F1 and accuracy on labelled data")
    add_run_options(accuracy, repetitions=None)
    accuracy.add_argument(
        "--data", type=Path, required=True, metavar="DIR",
        help="holds ner/ and classification/ with *.dev.jsonl or *.test.jsonl",
    )  # fmt: skip
    accuracy.add_argument(
        "--per-file",
        type=positive,
        default=100,
        metavar="N",
        help="texts drawn from each file (default: 100)",
    )
    accuracy.add_argument(
        "--seed", type=_count, default=0, metavar="N", help="which texts are drawn (default: 0)"
    )
    accuracy.add_argument(
        "--files", type=names, default=["*"], metavar="LIST",
        help="patterns of files or data sets, such as crossner_*.dev.jsonl,classification/* (default: all)",
    )  # fmt: skip
    accuracy.add_argument(
        "--descriptions", type=Path, nargs="?", const=Path(), metavar="FILE",
        help="ask with the descriptions of labels in FILE (default: LABELS.json of the data)",
    )  # fmt: skip
    accuracy.add_argument(
        "--restart", action="store_true", help="forget the predictions that an earlier run kept in --out"
    )
    accuracy.set_defaults(
        run=_accuracy, kept="predictions so far are kept; the same command goes on where it was"
    )


def _add_environments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--wheel", type=Path, metavar="FILE", help="wheel to install (default: built from this checkout)"
    )
    parser.add_argument(
        "--slim-python", type=Path, metavar="PATH",
        help="measure the environment of this interpreter instead of installing a new one",
    )  # fmt: skip
    parser.add_argument(
        "--reference-python", type=Path, metavar="PATH", help="interpreter of an environment with gliner2"
    )


def _cold_start(options: argparse.Namespace) -> None:
    from benchmarks.cold_start import run_cold_start

    print(write_result(run_cold_start(make_settings(options, among=AMONG)), options.out), end="")


def _memory(options: argparse.Namespace) -> None:
    from benchmarks.memory import run_memory

    result = run_memory(
        make_settings(options, among=AMONG),
        calls=options.calls,
        first_calls=options.first_calls,
        processes=options.processes,
        document_kb=options.document_kb,
        profile=options.profile,
    )
    print(write_result(result, options.out), end="")


def _footprint(options: argparse.Namespace) -> None:
    from benchmarks.footprint import run_footprint

    out = prepare_out(options.out)
    result = run_footprint(
        bundles=options.bundle,
        wheel=options.wheel,
        slim_python=options.slim_python,
        reference_python=options.reference_python,
    )
    print(write_result(result, out), end="")


def _small_device(options: argparse.Namespace) -> None:
    from benchmarks.small_device import run_small_device

    out = prepare_out(options.out)
    result = run_small_device(
        options.bundle,
        limit_mb=options.limit_mb,
        texts=options.texts,
        sentences=read_sentences(options.data),
    )
    print(write_result(result, out), end="")


def _resources(options: argparse.Namespace) -> None:
    from dataclasses import replace

    from benchmarks.resources import FULL, QUICK, Environments, run_resources

    amount = QUICK if options.quick else FULL
    amount = replace(
        amount,
        calls=amount.calls if options.calls is None else options.calls,
        texts=options.texts or amount.texts,
    )
    if options.contestants is None:
        both = options.checkpoint is not None and find_spec(REFERENCE) is not None
        options.contestants = ["int8", *([REFERENCE] if both else [])]
    result = run_resources(
        make_settings(options),
        amount,
        Environments(options.wheel, options.slim_python, options.reference_python),
        keep=lambda name, part: write_result(part, options.out, name),
    )
    print(write_result(result, options.out), end="")


def _accuracy(options: argparse.Namespace) -> None:
    from benchmarks.accuracy import LABELS_NAME, read_asked, read_descriptions, run_accuracy
    from benchmarks.predictions import Predictions

    if not options.data.is_dir():
        raise InputError(f"--data {options.data} is not a directory")
    descriptions = None
    if options.descriptions is not None:
        named = options.descriptions != Path()
        descriptions = read_descriptions(options.descriptions if named else options.data / LABELS_NAME)
    asked = read_asked(
        options.data,
        per_file=options.per_file,
        seed=options.seed,
        files=options.files,
        descriptions=descriptions,
    )
    settings = make_settings(options, among=AMONG)
    path = options.out / "accuracy-predictions.jsonl"
    if options.restart:
        path.unlink(missing_ok=True)
    drawn = {"per_file": options.per_file, "seed": options.seed, "descriptions": descriptions is not None}
    with Predictions(path) as predictions:
        result = run_accuracy(settings, asked, predictions, options=drawn)
    print(write_result(result, options.out), end="")


def _count(text: str) -> int:
    return 0 if text == "0" else positive(text)
