"""``gliner2-lite compile``: a bundle's graph packed for this CPU, for image builds and shared caches."""

from __future__ import annotations

import argparse
from pathlib import Path

from gliner2_lite.errors import BundleError

EPILOG = """\
examples:
  gliner2-lite compile MODELDIR                       into MODELDIR/compiled, where it is found by itself
  gliner2-lite compile org/name --output /opt/models  load with from_pretrained(..., cache="/opt/models")

The result fits this CPU and this onnxruntime only; anywhere else it is ignored. Run it where the model
will run: at the end of an image build on the same kind of machine, or at the first boot of a device.
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``compile`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "compile",
        help="pack a model's weights for this CPU",
        description="Write MODEL's graph with its weights packed for this CPU: it starts faster, and all "
        "processes share its memory.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", metavar="MODEL", help="bundle directory, hub repository, or: tiny")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help="where to keep it (default: in the bundle directory; for others, the user's cache)",
    )
    parser.add_argument("--variant", help="which graph of the bundle (default: int8 where it has one)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Compile, and print the directory of the result."""
    from gliner2_lite.bundle.manifest import read_bundle
    from gliner2_lite.hub.options import HubOptions
    from gliner2_lite.load.compiled import STORE_NAME, default_cache
    from gliner2_lite.load.loading import compile_bundle
    from gliner2_lite.load.locate import locate

    root = locate(options.model, options.variant, HubOptions())
    store = options.output
    if store is None:
        store = root / STORE_NAME if Path(options.model).is_dir() else default_cache()
    if store is None:
        raise BundleError("there is no home directory for a cache; say where with --output DIR")
    print(compile_bundle(read_bundle(root), options.variant, store).parent)
