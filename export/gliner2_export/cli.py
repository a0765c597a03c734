"""``gliner2-lite export`` and ``python -m gliner2_export``: arguments, messages, exit codes.

Exit codes: 0 done; 1 the checkpoint, the adapter or the output directory is at fault; 2 the command line
is; 130 interrupted. The bundle's path goes to stdout, all else to stderr.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gliner2_lite.bundle.manifest import QUALITY_NAME
from gliner2_lite.cli.push import add_push_options, push
from gliner2_lite.errors import GLiNER2LiteError, HubError, MissingExtraError
from gliner2_lite.hub.push import check_push
from gliner2_lite.load.locate import EMBEDDED

log = logging.getLogger("gliner2_export")

EXIT_OK, EXIT_FAILED, EXIT_INTERRUPTED = 0, 1, 130
#: A command that any bundle answers.
TRY = 'gliner2-lite extract "Tim Cook works for Apple." --entities person,company'

EXAMPLES = """\
examples:
  gliner2-lite export gliner2-base-v1 base-bundle
  gliner2-lite export gliner2-base-v1 base-int8 --variants int8
  gliner2-lite export gliner2-base-v1 invoices --adapter my-lora --overwrite
  gliner2-lite export gliner2-base-v1 base-arm --target arm64 --max-delta 0.05 --max-changed 0.02
  gliner2-lite export gliner2-base-v1 base-bundle --push acme/gliner2-base-lite --private
  gliner2-lite export gliner2-base-v1 proven --calibration my-texts.txt --evaluate my-labelled-texts

CHECKPOINT is a directory in the official layout (config.json, encoder_config/, model.safetensors,
tokenizer files), for example made by
  hf download fastino/gliner2-base-v1 --local-dir gliner2-base-v1
"""


def build_parser() -> argparse.ArgumentParser:
    """The command line; builds without torch."""
    parser = argparse.ArgumentParser(
        prog="gliner2-lite export",
        description="Convert a GLiNER2 checkpoint into a bundle that runs without PyTorch.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("checkpoint", metavar="CHECKPOINT", type=Path, help="checkpoint directory")
    parser.add_argument("out", metavar="OUT", type=Path, help="bundle directory to write")
    parser.add_argument(
        "--variants",
        default="fp32,int8",
        metavar="LIST",
        help="graphs to write, separated by commas: fp32, int8 (default: both)",
    )
    parser.add_argument("--adapter", type=Path, metavar="DIR", help="LoRA adapter to merge into the weights")
    parser.add_argument("--overwrite", action="store_true", help="replace the bundle that OUT already holds")
    add_int8_options(parser.add_argument_group("int8 and its proof"))
    hub = parser.add_argument_group("publishing (token: HF_TOKEN or `hf auth login`)")
    hub.add_argument("--push", metavar="ORG/NAME", help="upload the finished bundle to this Hub repository")
    add_push_options(hub)
    return parser


def add_int8_options(group: argparse._ArgumentGroup) -> None:
    """Options about quantization and measuring."""
    group.add_argument(
        "--target",
        default="any",
        choices=("any", "avx2", "avx512_vnni", "arm64"),
        help="CPUs that the int8 graph is for (default: any; avx2 is made alike, avx512_vnni and arm64 use "
        "the full integer range and are for CPUs with those instructions)",
    )
    group.add_argument(
        "--max-delta",
        type=float,
        metavar="X",
        help="99 of 100 probabilities of int8 must be within X of fp32's, or the exporter keeps more in fp32",
    )
    group.add_argument(
        "--max-changed", type=float, metavar="SHARE", help="share of answers that int8 may change, as 0.02"
    )
    group.add_argument(
        "--calibration",
        type=Path,
        metavar="FILE",
        help="texts like those the model will read, one a line (default: built-in, several languages)",
    )
    group.add_argument(
        "--evaluate",
        type=Path,
        metavar="DIR",
        help="measure on labelled texts too: files *.dev.jsonl and *.test.jsonl in DIR/ner, classification, "
        "structures, relations",
    )
    group.add_argument(
        "--evaluate-texts", type=int, default=50, metavar="N", help="texts per file of DIR (default: 50)"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the exporter on ``argv`` (default: this process's) and return its exit code."""
    parser = build_parser()
    arguments = parser.parse_args(argv)
    if arguments.push is None and (arguments.private or arguments.revision or arguments.commit_message):
        parser.error("--private, --revision and --commit-message belong to --push")
    written = "nothing was written"
    try:
        with _messages_on_stderr():
            if arguments.push is not None:
                check_push(arguments.push)  # before the long work
            _export(arguments)
        written = f"{arguments.out} is complete, not pushed"
        print(arguments.out)
        if arguments.push is not None:
            _push(arguments)
    except GLiNER2LiteError as error:
        print(f"gliner2-lite export: error: {' '.join(str(error).split())}", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print(f"gliner2-lite export: interrupted, {written}", file=sys.stderr)
        return EXIT_INTERRUPTED
    return EXIT_OK


def _push(arguments: argparse.Namespace) -> None:
    try:
        push(arguments.out, arguments.push, arguments)
    except HubError as error:
        again = f"gliner2-lite push {arguments.out} {arguments.push}"
        raise HubError(f"{error}; the bundle is complete, push it again with `{again}`") from error


def _export(arguments: argparse.Namespace) -> None:
    try:
        bundle = importlib.import_module("gliner2_export.export")
        int8 = importlib.import_module("gliner2_export.int8.measure")
        gate = importlib.import_module("gliner2_export.int8.gate")
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"exporting needs the module {error.name!r}, which is not installed: "
            'run pip install "gliner2-lite[export]" (running bundles needs none of it)'
        ) from error
    manifest = bundle.export_checkpoint(
        arguments.checkpoint,
        arguments.out,
        variants=[name.strip() for name in arguments.variants.split(",")],
        adapter=arguments.adapter,
        overwrite=arguments.overwrite,
        int8=int8.Int8Options(
            target=arguments.target,
            bounds=gate.Bounds(max_delta=arguments.max_delta, max_changed=arguments.max_changed),
            calibration=arguments.calibration,
            evaluate=arguments.evaluate,
            per_file=arguments.evaluate_texts,
        ),
    )
    for line in closing_lines(manifest, arguments.out):
        log.info("%s", line)


def closing_lines(manifest: Mapping[str, Any], out: Path) -> list[str]:
    """What int8 costs, where the bundle has it, and the command that tries the bundle out."""
    lines = []
    cost = manifest["quality"].get("int8_against_fp32")
    if cost is not None:
        lines.append(
            f"int8 against fp32 on {cost['texts']} texts: {100 * cost['changed_answers']:.1f} % of answers "
            f"changed, mean |Δp| {cost['mean_delta']:.4f} (all figures: {out / QUALITY_NAME})"
        )
    place = os.path.join(".", out) if str(out) in EMBEDDED else str(out)
    lines.append(f"try it: {TRY} --model {shlex.quote(place)}")
    return lines


class _Timed(logging.Formatter):
    """Messages behind the seconds since the start: how long each phase takes, and that it goes on."""

    def __init__(self) -> None:
        super().__init__("%(message)s")
        self.started = time.monotonic()

    def format(self, record: logging.LogRecord) -> str:
        return f"{time.monotonic() - self.started:5.0f} s  {super().format(record)}"


@contextmanager
def _messages_on_stderr() -> Iterator[None]:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Timed())
    level, log.propagate = log.level, False
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        log.propagate = True
