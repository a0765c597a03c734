"""The ``gliner2-lite`` command: parse, hand over to one subcommand, turn errors into exit codes.

Exit codes: 0 done; 1 the input, the bundle or the hub is at fault; 2 the command line or the schema
is; 129, 130 and 143 a hang-up, Ctrl-C or SIGTERM; 141 the reader of the output went away. Results go to
stdout, all else to stderr.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from gliner2_lite import __version__
from gliner2_lite.cli.stopping import Stopped
from gliner2_lite.errors import GLiNER2LiteError, MissingExtraError, SchemaError

EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED, EXIT_BROKEN_PIPE = 0, 1, 2, 130, 141

# A subcommand is a module with add_parser(commands); its parser sets `run`, which takes the options.
COMMANDS = {
    "extract": "gliner2_lite.cli.extract",
    "schema": "gliner2_lite.cli.schema",
    "info": "gliner2_lite.cli.info",
    "compile": "gliner2_lite.cli.compile",
    "push": "gliner2_lite.cli.push",
    "demo": "gliner2_lite.cli.demo",
    "completion": "gliner2_lite.cli.completion",
}
EXPORT = "export"  # its parser lives in the exporter's package

EPILOG = """\
examples:
  gliner2-lite extract "Tim Cook lives in Austin." --entities person,city
  gliner2-lite extract --input mails.jsonl --text-field body --classify urgent=yes,no > answers.jsonl
  gliner2-lite extract --help                  every task and every kind of input, by example
  gliner2-lite schema check schema.json        what a schema file asks for
  gliner2-lite info                            versions, and what the embedded model holds
  gliner2-lite demo                            every task in a browser (extra: demo)
  gliner2-lite compile MODEL                   pack the weights for this CPU: faster start, shared memory
  gliner2-lite export CHECKPOINT OUT           a trained checkpoint becomes a bundle (extra: export)
  gliner2-lite push BUNDLE ORG/NAME            the bundle becomes a repository on the Hub
  source <(gliner2-lite completion bash)       completion with the tab key
"""


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The command line as one parser; ``only`` leaves the other subcommands' modules unloaded.

    Builds without numpy or onnxruntime.
    """
    parser = argparse.ArgumentParser(
        prog="gliner2-lite",
        description="Entities, labels, records and relations from text, on small CPUs.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"gliner2-lite {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        if only in (None, name):
            import_module(module).add_parser(commands)
    # Only for the list in --help: main() hands `export` over before this parser reads its arguments.
    commands.add_parser(EXPORT, add_help=False, help="turn a trained checkpoint into a bundle")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line ``argv`` (default: this process's) and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        first = arguments[0] if arguments else None
        if first == EXPORT:
            return _export(arguments[1:])
        options = build_parser(first if first in COMMANDS else None).parse_args(arguments)
        run = cast("Callable[[argparse.Namespace], None]", options.run)
        run(options)
        sys.stdout.flush()
        return EXIT_OK
    except GLiNER2LiteError as error:
        print(f"gliner2-lite: error: {_one_line(error)}", file=sys.stderr)
        return EXIT_USAGE if isinstance(error, SchemaError) else EXIT_FAILED
    except Stopped as stop:
        print(f"gliner2-lite: {stop}", file=sys.stderr)
        return stop.exit_code
    except KeyboardInterrupt:
        print("gliner2-lite: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes stdout once more when it ends; give that flush somewhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE


def _export(arguments: list[str]) -> int:
    """Hand ``arguments`` to the exporter, or say how to install what it needs."""
    try:
        exporter = import_module("gliner2_export.cli")
        return int(exporter.main(arguments) or EXIT_OK)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"`gliner2-lite export` needs the module {error.name!r}, which is not installed: "
            'run pip install "gliner2-lite[export]" (running bundles needs none of it)'
        ) from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
