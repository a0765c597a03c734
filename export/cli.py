"""``gliner2-lite export`` and ``python -m gliner2_export``: arguments, messages, exit codes."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from gliner2_lite.errors import GLiNER2LiteError

EXAMPLES = """\
examples:
  gliner2-lite export gliner2-base-v1 base-bundle
  gliner2-lite export gliner2-base-v1 base-int8 --variants int8
  gliner2-lite export gliner2-base-v1 invoices --adapter my-lora --overwrite

CHECKPOINT is a directory in the official layout (config.json, encoder_config/, model.safetensors,
tokenizer files), for example made by
  huggingface-cli download fastino/gliner2-base-v1 --local-dir gliner2-base-v1
"""


def build_parser() -> argparse.ArgumentParser:
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
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the exporter. Prints the bundle's path on stdout, everything else on stderr; returns the exit code."""
    arguments = build_parser().parse_args(argv)
    log = logging.getLogger("gliner2_export")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        from gliner2_export.bundle import export_checkpoint

        export_checkpoint(
            arguments.checkpoint,
            arguments.out,
            variants=[name.strip() for name in arguments.variants.split(",") if name.strip()],
            adapter=arguments.adapter,
            overwrite=arguments.overwrite,
        )
    except GLiNER2LiteError as error:
        print(f"gliner2-lite export: {error}", file=sys.stderr)
        return 1
    finally:
        log.removeHandler(handler)
    print(arguments.out)
    return 0
