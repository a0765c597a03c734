"""The scripts' text: names and help are quoted for each shell. test_completion.py runs them."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from gliner2_lite.cli.completion import Argument, Command
from gliner2_lite.cli.completion_scripts import SCRIPTS

HELP = "the user's $HOME \\ `x`"
COMMANDS = [
    Command("", (Argument(("--version",), HELP, False, (), False),), (), {"run": HELP}),
    Command(
        "/run",
        (
            Argument(("-f", "--file"), "a file", True, (), True),
            Argument(("--color",), HELP, True, ("auto", "never"), False),
            Argument(("--number",), "any", True, (), False),
        ),
        (Argument((), "in", True, (), True), Argument((), "kind", True, ("json", "text"), False)),
    ),
]


@pytest.mark.parametrize("shell", SCRIPTS)
def test_every_name_is_there_and_no_placeholder_is_left(shell: str) -> None:
    script = SCRIPTS[shell](COMMANDS)
    for name in ("run", "version", "file", "color", "auto", "never", "number", "json", "text"):
        assert name in script
    assert "@PATHS@" not in script and "@VALUES@" not in script and "@WORDS@" not in script


@pytest.mark.parametrize("shell", [shell for shell in SCRIPTS if shell == "bash" or shutil.which(shell)])
def test_the_shell_takes_the_script(shell: str) -> None:
    checked = subprocess.run([shell, "-n"], input=SCRIPTS[shell](COMMANDS), text=True, capture_output=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_help_texts_are_quoted() -> None:
    assert r"""'--version:the user'\''s $HOME \ `x`'""" in SCRIPTS["zsh"](COMMANDS)
    assert "-d 'the user\\'s $HOME \\\\ `x`'" in SCRIPTS["fish"](COMMANDS)


def test_values_follow_their_option_only() -> None:
    script = SCRIPTS["bash"](COMMANDS)
    cases = {
        line.split(")")[0].strip(): line
        for line in script.splitlines()
        if line.lstrip().startswith('"/run -')
    }
    assert set(cases) == {'"/run -f"|"/run --file"', '"/run --color"', '"/run --number"'}
    assert "_gliner2_lite_files" in cases['"/run -f"|"/run --file"']
    assert r"$'auto\nnever'" in cases['"/run --color"']
    assert cases['"/run --number"'].endswith(") return ;;")
