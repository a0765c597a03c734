"""The command line. Results go to files and to standard output, all else to standard error."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contestants import LABELS, describe_model, make_roster
from benchmarks.latency import make_cases, run_latency
from benchmarks.plot import write_plot
from benchmarks.profiling import TOKENS, profile_bundle
from benchmarks.report import write_result
from benchmarks.schemas import TITLES
from benchmarks.settings import Settings, choose_cpus, prepare_out
from benchmarks.texts import read_sentences
from benchmarks.throughput import BATCH_SIZES, run_throughput
from gliner2_lite.errors import GLiNER2LiteError, InputError

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
OUT = Path(__file__).parent / "out"
SHAPE_NAMES = ("deberta-v3-base", "deberta-v3-small", "deberta-v3-xsmall", "deberta-v3-large", "tiny")

EXAMPLES = """\
examples:
  python -m benchmarks make-checkpoint --shape deberta-v3-base base-random
  python -m benchmarks latency --checkpoint base-random --quick
  python -m benchmarks latency --checkpoint base-random
  python -m benchmarks throughput --checkpoint base-random --contestants int8,gliner2
  python -m benchmarks profile --bundle my-bundle --variant int8
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time gliner2_lite beside gliner2 on torch and a plain ONNX export, in one run.",
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
    _add_run_options(latency, repetitions=5)
    latency.add_argument(
        "--schemas", type=_names, metavar="LIST", help=f"some of {', '.join(TITLES)} (default: all)"
    )
    latency.add_argument("--words", type=_positives, metavar="LIST", help="lengths (default: 10,25,100,300)")
    latency.set_defaults(run=_latency)

    throughput = commands.add_parser("throughput", help="texts of mixed lengths in batches")
    _add_run_options(throughput, repetitions=3)
    throughput.add_argument(
        "--texts", type=_positive, metavar="N", help="texts per pass (default: 32; quick: 8)"
    )
    throughput.add_argument("--schema", choices=TITLES, default="entities-4", help="default: %(default)s")
    throughput.set_defaults(run=_throughput)

    profile = commands.add_parser("profile", help="time per operator of one graph")
    profile.add_argument("--bundle", type=Path, required=True, metavar="DIR")
    profile.add_argument("--variant", metavar="NAME", help="fp32 or int8 (default: int8 where there is one)")
    profile.add_argument(
        "--tokens",
        type=_positives,
        default=TOKENS,
        metavar="LIST",
        help="lengths (default: 48,64,128,256,512)",
    )
    profile.add_argument(
        "--runs", type=_positive, default=20, metavar="N", help="runs per length (default: 20)"
    )
    _add_machine_options(profile)
    profile.set_defaults(run=_profile)

    for command in (make, latency, throughput):
        command.add_argument(
            "--data", type=Path, metavar="DIR", help="texts: DIR/ner/*.jsonl (default: built-in sentences)"
        )
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
        print("benchmarks: interrupted, nothing was written", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


def _add_run_options(parser: argparse.ArgumentParser, *, repetitions: int) -> None:
    parser.add_argument("--checkpoint", type=Path, metavar="DIR", help="checkpoint in the official layout")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="our bundle (default: exported on demand)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="exported bundles (default: OUT/cache)")
    parser.add_argument(
        "--contestants",
        type=_names,
        metavar="LIST",
        help=f"some of {', '.join(LABELS)} (default: all possible)",
    )
    parser.add_argument(
        "--repetitions", type=_positive, metavar="N", help=f"turns per contestant (default: {repetitions})"
    )
    parser.add_argument("--quick", action="store_true", help="fewer cases, two turns")
    parser.set_defaults(default_repetitions=repetitions)
    _add_machine_options(parser)


def _add_machine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads", type=_positive, metavar="N", help="threads, each pinned (default: all cores)"
    )
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="results (default: benchmarks/out)"
    )


def _make_checkpoint(options: argparse.Namespace) -> None:
    try:
        from benchmarks.checkpoint import make_checkpoint
    except ModuleNotFoundError as error:
        raise InputError(f'make-checkpoint needs {error.name}: pip install "gliner2-lite[export]"') from error
    sentences = read_sentences(options.data)
    ratio = make_checkpoint(options.shape, options.vocab, sentences, options.out, seed=options.seed)
    print(f"{ratio:.2f} tokens per word on the texts it was made from", file=sys.stderr)
    print(options.out)


def _settings(options: argparse.Namespace) -> Settings:
    threads, cpus = choose_cpus(options.threads)
    cache = options.cache or prepare_out(options.out) / "cache"
    roster = make_roster(
        options.contestants, checkpoint=options.checkpoint, bundle=options.bundle, cache=cache.resolve()
    )
    return Settings(
        roster=tuple(roster),
        model=describe_model(roster, options.checkpoint),
        threads=threads,
        cpus=cpus,
        sentences=tuple(read_sentences(options.data)),
        data=None if options.data is None else options.data.name,
        repetitions=options.repetitions or (2 if options.quick else options.default_repetitions),
    )


def _latency(options: argparse.Namespace) -> None:
    unknown = set(options.schemas or ()) - set(TITLES)
    cases = make_cases(quick=options.quick, schemas=options.schemas, words=options.words)
    if unknown or not cases:
        raise InputError(
            f"--schemas {','.join(options.schemas)!r}: give some of {', '.join(TITLES)}, by commas"
        )
    result = run_latency(_settings(options), cases)
    print(write_result(result, options.out), end="")
    write_plot(result, options.out)


def _throughput(options: argparse.Namespace) -> None:
    result = run_throughput(
        _settings(options),
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


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def _positives(text: str) -> tuple[int, ...]:
    return tuple(_positive(part.strip()) for part in text.split(","))


def _names(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")]
