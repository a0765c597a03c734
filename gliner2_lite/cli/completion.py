"""``gliner2-lite completion``: a script per shell, made from the parser, so that it is always up to date."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module

from gliner2_lite.cli.completion_scripts import SCRIPTS

EPILOG = """\
bash   source <(gliner2-lite completion bash)                      in ~/.bashrc
zsh    source <(gliner2-lite completion zsh)                       in ~/.zshrc, after compinit
fish   gliner2-lite completion fish > ~/.config/fish/completions/gliner2-lite.fish
"""


@dataclass(frozen=True, slots=True)
class Argument:
    """One option (with ``names``) or positional (without): its allowed values, or that it takes a file.

    ``takes_value`` is False for a flag.
    """

    names: tuple[str, ...]
    help: str
    takes_value: bool
    choices: tuple[str, ...]
    is_file: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One (sub)command: ``path`` is ``/extract`` or ``/schema/check``, empty for the program itself."""

    path: str
    options: tuple[Argument, ...]
    positionals: tuple[Argument, ...]
    subcommands: dict[str, str] = field(default_factory=dict)  # name to help


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the ``completion`` subcommand to ``commands``."""
    parser = commands.add_parser(
        "completion",
        help="print a completion script for bash, zsh or fish",
        description="Print a script that completes subcommands, options, choices and file names.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="the shell that reads the script")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> None:
    """Print the script."""
    from gliner2_lite.cli import EXPORT, build_parser

    # The exporter's parser builds without torch.
    known = [*describe(build_parser(), "")]
    exporter = import_module("gliner2_export.cli").build_parser()
    known = [command for command in known if command.path != f"/{EXPORT}"]
    known += describe(exporter, f"/{EXPORT}")
    print(SCRIPTS[options.shell](known), end="")


def describe(parser: argparse.ArgumentParser, path: str) -> Iterator[Command]:
    """``parser`` and every parser below it."""
    options, positionals = [], []
    subcommands: dict[str, str] = {}
    below: dict[str, argparse.ArgumentParser] = {}
    # argparse has no public list of a parser's arguments; these two names are the same since Python 2.7.
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            below = action.choices
            subcommands = {choice.dest: choice.help or "" for choice in action._choices_actions}
        elif action.option_strings:
            options.append(_argument(action))
        else:
            positionals.append(_argument(action))
    yield Command(path, tuple(options), tuple(positionals), subcommands)
    for name, inner in below.items():
        yield from describe(inner, f"{path}/{name}")


def _argument(action: argparse.Action) -> Argument:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    places = {"FILE", "FILE.json", "DIR", "CHECKPOINT", "OUT", "MODEL"}
    return Argument(
        names=tuple(action.option_strings),
        help=" ".join((action.help or "").split()),
        takes_value=action.nargs != 0,
        choices=tuple(map(str, action.choices or ())),
        is_file=not places.isdisjoint(metavar.split("|")),
    )
