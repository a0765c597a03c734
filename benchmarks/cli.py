"""The command line. Results go to files and to standard output, all else to standard error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.cli_options import (
    add_machine_options,
    add_run_options,
    add_texts_option,
    make_settings,
    names,
    positive,
    positives,
)
from benchmarks.cli_resources import add_resource_commands
from benchmarks.latency import make_cases, run_latency
from benchmarks.plot import write_plot
from benchmarks.profiling import TOKENS, profile_bundle
from benchmarks.report import write_result
from benchmarks.schemas import TITLES
from benchmarks.settings import choose_cpus, prepare_out
from benchmarks.texts import read_sentences
from benchmarks.throughput import BATCH_SIZES, run_throughput
from gliner2_lite.errors import GLiNER2LiteError, InputError

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
SHAPE_NAMES = ("deberta-v3-base", "deberta-v3-small", "deberta-v3-xsmall", "deberta-v3-large", "tiny")

EXAMPLES = """\
examples:
  python -m benchmarks make-checkpoint --shape deberta-v3-base base-random
  python -m benchmarks latency --checkpoint base-random --quick
  python -m benchmarks latency --checkpoint base-random
  python -m benchmarks throughput --checkpoint base-random --contestants int8,gliner2
  python -m benchmarks profile --bundle my-bundle --variant int8
  python -m benchmarks cold-start --checkpoint base-random
  python -m benchmarks memory --checkpoint base-random
  python -m benchmarks footprint --bundle my-bundle --reference-python .venv-export/bin/python
  python -m benchmarks small-device --bundle my-bundle my-small-bundle
  python -m benchmarks resources --checkpoint base-random --reference-python .venv-export/bin/python
  python -m benchmarks accuracy --checkpoint my-checkpoint --data DIR
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure gliner2_lite beside gliner2 on torch and a plain ONNX export, in one run.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    make = commands.add_parser("make-checkpoint", help="a random checkpoint in the official layout")
    make.add_argument("--shape", choices=SHAPE_NAMES, default=SHAPE_NAMES[0], help="encoder sizes")
    make.add_argument("--vocab", type=int, default=128_000, metavar="N", help="pieces (default: 128000)")
    make.add_argument("--seed", type=int, default=0)
    make.add_argument("out", metavar="OUT", type=Path, help="directory to make")
    make.set_defaults(run=_make_checkpoint)

    latency = commands.add_parser("latency", help="one text at a time: lengths × schemas, class labels")
    add_run_options(latency, repetitions=5)
    latency.add_argument(
        "--schemas", type=names, metavar="LIST", help=f"some of {', '.join(TITLES)} (default: all)"
    )
    latency.add_argument("--words", type=positives, metavar="LIST", help="lengths (default: 10,25,100,300)")
    latency.set_defaults(run=_latency)

    throughput = commands.add_parser("throughput", help="texts of mixed lengths in batches")
    add_run_options(throughput, repetitions=3)
    throughput.add_argument(
        "--texts", type=positive, metavar="N", help="texts per pass (default: 32; quick: 8)"
    )
    throughput.add_argument("--schema", choices=TITLES, default="entities-4", help="default: %(default)s")
    throughput.set_defaults(run=_throughput)

    profile = commands.add_parser("profile", help="time per operator of one graph")
    profile.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    profile.add_argument("--variant", metavar="NAME", help="fp32 or int8 (default: int8 where there is one)")
    profile.add_argument(
        "--tokens",
        type=positives,
        default=TOKENS,
        metavar="LIST",
        help="lengths (default: 48,64,128,256,512)",
    )
    profile.add_argument(
        "--runs", type=positive, default=20, metavar="N", help="runs per length (default: 20)"
    )
    add_machine_options(profile)
    profile.set_defaults(run=_profile)

    for command in (make, latency, throughput):
        add_texts_option(command)
    add_resource_commands(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: this process's) and return its exit code."""
    options = build_parser().parse_args(argv)
    try:
        options.run(options)
    except GLiNER2LiteError as error:
        print(f"benchmarks: error: {error}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        kept = getattr(options, "kept", "nothing was written")
        print(f"benchmarks: interrupted, {kept}", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


def _make_checkpoint(options: argparse.Namespace) -> None:
    try:
        from benchmarks.checkpoint import make_checkpoint
    except ModuleNotFoundError as error:
        raise InputError(f'make-checkpoint needs {error.name}: pip install "gliner2-lite[export]"') from error
    sentences = read_sentences(options.data)
    ratio = make_checkpoint(options.shape, options.vocab, sentences, options.out, seed=options.seed)
    print(f"{ratio:.2f} tokens per word on the texts it was made from", file=sys.stderr)
    print(options.out)


def _latency(options: argparse.Namespace) -> None:
    unknown = set(options.schemas or ()) - set(TITLES)
    cases = make_cases(quick=options.quick, schemas=options.schemas, words=options.words)
    if unknown or not cases:
        raise InputError(
            f"--schemas {','.join(options.schemas)!r}: give some of {', '.join(TITLES)}, by commas"
        )
    result = run_latency(make_settings(options), cases)
    print(write_result(result, options.out), end="")
    write_plot(result, options.out)


def _throughput(options: argparse.Namespace) -> None:
    result = run_throughput(
        make_settings(options),
        schema=options.schema,
        texts=options.texts or (8 if options.quick else 32),
        batch_sizes=(1, 8) if options.quick else BATCH_SIZES,
    )
    print(write_result(result, options.out), end="")
    write_plot(result, options.out)


def _profile(options: argparse.Namespace) -> None:
    threads, cpus = choose_cpus(options.threads)
    out = prepare_out(options.out)
    result = profile_bundle(
        options.bundle,
        variant=options.variant,
        tokens=options.tokens,
        runs=options.runs,
        threads=threads,
        cpus=cpus,
    )
    print(write_result(result, out), end="")
