"""``python -m tests.golden`` records cases and bundles anew; ``… bundles`` exports the bundles anew from the
same weights, for a changed exporter; ``… compare`` replays all cases on them and prints a table.
"""

from __future__ import annotations

import argparse
import logging
import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    """Parse the command line and run one of the commands."""
    parser = argparse.ArgumentParser(prog="python -m tests.golden", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("record", "bundles", "compare"), default="record")
    parser.add_argument("names", nargs="*", help="checkpoints; all when none is named")
    arguments = parser.parse_args()
    if arguments.command == "compare":
        _compare(arguments.names)
    else:
        _generate(arguments.names, cases=arguments.command == "record")


def _generate(names: list[str], *, cases: bool) -> None:
    # Before torch and transformers are imported: they read these once.
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    # It logs every word without subwords and every question that raises; the recorder reports these.
    logging.getLogger("gliner2").setLevel(logging.CRITICAL)
    from tests.golden.generate import NAMES, generate

    shared = Path(os.environ.get("GLINER2_LITE_SHARED", ROOT.parent / "shared"))
    if not shared.is_dir():
        raise SystemExit(
            f"{shared} is not there (set GLINER2_LITE_SHARED): data and checkpoints are read from it"
        )
    generate(shared, names or NAMES, cases=cases)


def _compare(names: list[str]) -> None:
    from tests.golden.replay import report_line, summarise
    from tests.golden.store import bundled_names, unpack_bundle

    with tempfile.TemporaryDirectory() as scratch:
        for name in names or bundled_names():
            print(report_line(summarise(name, unpack_bundle(name, Path(scratch)))), flush=True)


if __name__ == "__main__":
    main()
