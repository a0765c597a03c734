"""The command line run in this process."""

from __future__ import annotations

import pytest

from gliner2_lite.cli import main


def run(argv: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str], str]:
    """Exit code, lines of stdout, stderr of the command line ``argv``, in this process."""
    capsys.readouterr()
    try:
        code = main(argv)
    except SystemExit as end:  # argparse's own way out
        code = int(end.code or 0)
    captured = capsys.readouterr()
    return code, captured.out.splitlines(), captured.err
