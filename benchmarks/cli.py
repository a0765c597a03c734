"""The command line: one subcommand per module of ``commands``.

Results go to files and to standard output, all else to standard error.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.commands import (
    accuracy,
    cold_start,
    footprint,
    latency,
    make_checkpoint,
    memory,
    profile,
    resources,
    small_device,
    throughput,
    tokenizer,
)
from gliner2_lite.errors import GLiNER2LiteError

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
#: In the order of --help.
COMMANDS = (
    make_checkpoint, latency, throughput, profile, cold_start, memory, footprint, small_device, resources,
    accuracy, tokenizer,
)  # fmt: skip

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
  python -m benchmarks tokenizer my-bundle
"""


def build_parser() -> argparse.ArgumentParser:
    """The whole command line as one parser."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measure gliner2_lite beside gliner2 on torch and a plain ONNX export, in one run.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(commands)
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
