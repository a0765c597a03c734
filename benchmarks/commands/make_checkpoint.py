"""``make-checkpoint``: a random checkpoint in the official layout, for timing without a real one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.options import add_texts_option
from benchmarks.shapes import DEFAULT_SHAPE, SHAPES
from benchmarks.texts import read_sentences
from gliner2_lite.errors import InputError


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``make-checkpoint`` command to ``commands``."""
    parser = commands.add_parser("make-checkpoint", help="a random checkpoint in the official layout")
    parser.add_argument("--shape", choices=tuple(SHAPES), default=DEFAULT_SHAPE, help="encoder sizes")
    parser.add_argument("--vocab", type=int, default=128_000, metavar="N", help="pieces (default: 128000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("out", metavar="OUT", type=Path, help="directory to make")
    add_texts_option(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Make the checkpoint and print where it is."""
    try:
        from benchmarks.checkpoint import make_checkpoint
    except ModuleNotFoundError as error:
        raise InputError(f'make-checkpoint needs {error.name}: pip install "gliner2-lite[export]"') from error
    sentences = read_sentences(options.data)
    ratio = make_checkpoint(options.shape, options.vocab, sentences, options.out, seed=options.seed)
    print(report(ratio), file=sys.stderr)
    print(options.out)


def report(ratio: float) -> str:
    """The line to print about the new checkpoint: the tokens per word of its tokenizer."""
    return f"{ratio:.2f} tokens per word on the texts it was made from"
