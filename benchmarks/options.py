"""Options that several commands share, and the settings that they make."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contestants import LABELS, describe_model, make_roster
from benchmarks.settings import Settings, choose_cpus, prepare_out
from benchmarks.texts import read_sentences

OUT = Path(__file__).parent / "out"


def add_run_options(parser: argparse.ArgumentParser, *, repetitions: int | None) -> None:
    """Model, contestants and machine; ``repetitions`` None: the command has nothing to repeat."""
    parser.add_argument("--checkpoint", type=Path, metavar="DIR", help="checkpoint in the official layout")
    parser.add_argument("--bundle", type=Path, metavar="DIR", help="our bundle (default: exported on demand)")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="exported bundles (default: OUT/cache)")
    parser.add_argument(
        "--contestants",
        type=names,
        metavar="LIST",
        help=f"some of {', '.join(LABELS)} (default: all possible)",
    )
    if repetitions is None:
        parser.set_defaults(repetitions=1, quick=False)
    else:
        parser.add_argument(
            "--repetitions", type=positive, metavar="N", help=f"turns per contestant (default: {repetitions})"
        )
        parser.add_argument("--quick", action="store_true", help="fewer cases, two turns")
    parser.set_defaults(default_repetitions=repetitions)
    add_machine_options(parser)


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Threads and the folder for results."""
    parser.add_argument(
        "--threads", type=positive, metavar="N", help="threads, each pinned (default: all cores)"
    )
    add_out_option(parser)


def add_out_option(parser: argparse.ArgumentParser) -> None:
    """The folder for results."""
    parser.add_argument(
        "--out", type=Path, default=OUT, metavar="DIR", help="results (default: benchmarks/out)"
    )


def add_texts_option(parser: argparse.ArgumentParser) -> None:
    """Where texts come from."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="texts: DIR/ner/*.jsonl (default: built-in sentences)"
    )


def add_environment_options(parser: argparse.ArgumentParser) -> None:
    """The environments whose sizes are measured."""
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


def add_calls_option(parser: argparse.ArgumentParser, *, default: int | None, shown: str) -> None:
    """How many calls are watched for growth; ``shown`` is what the help says of the default."""
    parser.add_argument(
        "--calls", type=count, default=default, metavar="N", help=f"calls watched for growth ({shown})"
    )


def make_settings(options: argparse.Namespace, *, among: Sequence[str] = tuple(LABELS)) -> Settings:
    """The settings that ``add_run_options`` reads; ``among`` are the contestants when none is named."""
    threads, cpus = choose_cpus(options.threads)
    out = prepare_out(options.out)  # before the work, also when the cache is elsewhere
    cache = options.cache or out / "cache"
    roster = make_roster(
        options.contestants,
        checkpoint=options.checkpoint,
        bundle=options.bundle,
        cache=cache.resolve(),
        among=among,
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


def positive(text: str) -> int:
    """An argument that is a whole number from 1."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def count(text: str) -> int:
    """An argument that is a whole number from 0."""
    return 0 if text == "0" else positive(text)


def positives(text: str) -> tuple[int, ...]:
    """An argument of whole numbers from 1, separated by commas."""
    return tuple(positive(part.strip()) for part in text.split(","))


def names(text: str) -> list[str]:
    """An argument of words, separated by commas."""
    return [part.strip() for part in text.split(",")]
