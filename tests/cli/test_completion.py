"""The completion scripts, run by the shells that are installed; bash always is where tests run."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from gliner2_lite.cli import COMMANDS, build_parser, main
from gliner2_lite.cli.completion import describe

BASH = """
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
"$(complete -p gliner2-lite | sed 's/.*-F \\([^ ]*\\).*/\\1/')"
printf '%s\\n' "${COMPREPLY[@]}"
"""
# zsh's completion builtins work only while it completes: these stand in for them.
ZSH = """
autoload -U compinit; compinit -u -D; source $1; shift
_describe() { print -rl -- ${${(P)@[-1]}%%:*} | grep -- "^$PREFIX" }
compadd() { shift; print -rl -- "$@" | grep -- "^$PREFIX" }
_files() { print -rl -- ${PREFIX}*(N) }
words=("$@"); CURRENT=$#; PREFIX=${@[-1]}
_gliner2_lite; true
"""
FISH = """source $argv[1]; complete -C (string join ' ' -- $argv[2..-1]) | cut -f 1"""
RUNS = {"bash": [BASH, "bash"], "zsh": [ZSH, "zsh"], "fish": [FISH]}


@pytest.fixture
def scripts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Path]:
    """The script of each shell, as a file."""
    made = {}
    for shell in RUNS:
        assert main(["completion", shell]) == 0
        made[shell] = tmp_path / f"script.{shell}"
        made[shell].write_text(capsys.readouterr().out, encoding="utf-8")
    return made


def test_shells_complete(scripts: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "report.txt").touch()
    cases = [
        ([""], {*COMMANDS, "export"}),
        (["ex"], {"extract", "export"}),
        (["schema", ""], {"check", "show"}),
        (["schema", "check", "--mo"], {"--model"}),
        (["schema", "check", "rep"], {"report.txt"}),
        (["extract", "--format", ""], {"json", "table", "text"}),
        (["extract", "x", "--entities", "a", "--color", "a"], {"auto", "always"}),
        (["extract", "--input", "rep"], {"report.txt"}),
        (["export", "--tar"], {"--target"}),
        (["completion", "z"], {"zsh"}),
    ]
    installed = [shell for shell in RUNS if shutil.which(shell)]
    assert "bash" in installed
    for shell in installed:
        option = ["-f", "-c"] if shell == "zsh" else ["-c"]
        for words, wanted in cases if shell == "bash" else cases[::3]:  # zsh starts slowly
            done = subprocess.run(
                [shell, *option, *RUNS[shell], str(scripts[shell]), "gliner2-lite", *words],
                cwd=tmp_path, capture_output=True, text=True, timeout=60,
            )  # fmt: skip
            assert (set(done.stdout.split()), done.stderr) == (wanted, ""), (shell, words)


def test_bash_takes_values_after_an_equals_sign(scripts: dict[str, Path], tmp_path: Path) -> None:
    words = ["gliner2-lite", "extract", "--format", "=", "ta"]
    done = subprocess.run(
        ["bash", "-c", BASH, "bash", str(scripts["bash"]), *words], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split() == ["table"]


def test_every_option_of_every_command_is_there(scripts: dict[str, Path]) -> None:
    texts = {shell: path.read_text(encoding="utf-8") for shell, path in scripts.items()}
    names = [
        name
        for command in describe(build_parser(), "")
        for option in command.options
        for name in option.names
    ]
    assert len(names) > 40
    for name in names:
        assert name in texts["bash"] and name in texts["zsh"]
        assert (f"-l {name[2:]} " if name.startswith("--") else f"-s {name[1:]} ") in texts["fish"]
