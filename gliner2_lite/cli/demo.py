"""``gliner2-lite demo``: the page on which every task can be tried, served on this machine."""

from __future__ import annotations

import argparse
import importlib

from gliner2_lite.cli.values import port
from gliner2_lite.errors import MissingExtraError


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``demo`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "demo",
        help="try every task in a browser (extra: demo)",
        description="Serve a page on which every task can be tried. It loads nothing from elsewhere, sends "
        "nothing anywhere, and is open to this machine alone unless --host says otherwise.",
    )
    parser.add_argument(
        "--model",
        default="tiny",
        metavar="DIR|REPO|tiny",
        help="bundle directory, hub repository, or the embedded model (default)",
    )
    parser.add_argument(
        "--variant",
        choices=("int8", "fp32"),
        help="which graph of the bundle (default: int8 where it has one)",
    )
    parser.add_argument("--host", default="127.0.0.1", metavar="ADDRESS", help="default: 127.0.0.1")
    parser.add_argument("--port", type=port, default=7860, metavar="N", help="default: 7860")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Load the model, serve the page, and return when it is stopped."""
    try:
        app = importlib.import_module("gliner2_lite.demo.app")
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] == "gliner2_lite":
            raise
        raise MissingExtraError(
            f"`gliner2-lite demo` needs the module {error.name!r}, which is not installed: "
            'run pip install "gliner2-lite[demo]"'
        ) from error
    # After the check above: a missing extra is reported before any file of the model is read.
    from gliner2_lite import GLiNER2

    model = GLiNER2.from_pretrained(options.model, variant=options.variant)
    app.serve(model, name=options.model, host=options.host, port=options.port)
