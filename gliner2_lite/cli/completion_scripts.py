"""The text of the completion scripts. Each walks the words before the cursor to know the subcommand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gliner2_lite.cli.completion import Argument, Command

PROGRAM = "gliner2-lite"

BASH = r"""# bash completion for gliner2-lite; written by `gliner2-lite completion bash`
_gliner2_lite() {
    local IFS=$'\n' at= word cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} values=
    # bash makes "=" a word of its own: --format=ta is --format, =, ta
    if [[ $cur == = ]]; then cur=; elif [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $at/$word in
            @PATHS@) at=$at/$word ;;
        esac
    done
    case "$at $prev" in
@VALUES@
    esac
    if [[ $cur == -* ]]; then
        case $at in
@OPTIONS@
        esac
    else
        case $at in
@WORDS@
        esac
    fi
    COMPREPLY=($(compgen -W "$values" -- "$cur"))
}
_gliner2_lite_files() {
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$1"))
}
complete -F _gliner2_lite gliner2-lite
"""

ZSH = r"""#compdef gliner2-lite
# zsh completion for gliner2-lite; written by `gliner2-lite completion zsh`
_gliner2_lite() {
    local at= word
    local -a known
    for word in "${(@)words[2,CURRENT-1]}"; do
        case $at/$word in
            @PATHS@) at=$at/$word ;;
        esac
    done
    case "$at ${words[CURRENT-1]}" in
@VALUES@
    esac
    if [[ $PREFIX == -* ]]; then
        case $at in
@OPTIONS@
        esac
        _describe -o option known
    else
        case $at in
@WORDS@
        esac
        _describe value known
    fi
}
compdef _gliner2_lite gliner2-lite
"""

FISH = r"""# fish completion for gliner2-lite; written by `gliner2-lite completion fish`
function __gliner2_lite_at
    set -l at ''
    for word in (commandline -opc)[2..-1]
        if contains -- "$at/$word" @PATHS@
            set at "$at/$word"
        end
    end
    test "$at" = "$argv[1]"
end
complete -c gliner2-lite -f
"""


def bash_script(commands: Sequence[Command]) -> str:
    """The script for bash: a function for ``complete -F``."""
    return _fill(
        BASH,
        paths="|".join(command.path for command in commands if command.path),
        values=_value_cases(
            commands,
            choices=lambda names: f'COMPREPLY=($(compgen -W {_lines(names)} -- "$cur")); return',
            files='_gliner2_lite_files "$cur"; return',
        ),
        options=_cases(commands, lambda c: f"values={_lines(_names(c.options))}"),
        words=_cases(commands, lambda c: _positional(c, '_gliner2_lite_files "$cur"; return', _bash_words)),
    )


def zsh_script(commands: Sequence[Command]) -> str:
    """The script for zsh: a function for ``compdef`` that shows the help beside each name."""

    def described(pairs: Iterable[tuple[str, str]]) -> str:
        return "known=(" + " ".join(_quoted(name + ":" + text) for name, text in pairs) + ")"

    def options(command: Command) -> str:
        return described((name, option.help) for option in command.options for name in option.names)

    return _fill(
        ZSH,
        paths="|".join(command.path for command in commands if command.path),
        values=_value_cases(
            commands,
            choices=lambda names: f"compadd -- {' '.join(map(_quoted, names))}; return",
            files="_files; return",
        ),
        options=_cases(commands, options),
        words=_cases(commands, lambda c: _positional(c, "_files; return", described)),
    )


def fish_script(commands: Sequence[Command]) -> str:
    """The script for fish: one ``complete`` per subcommand, option and positional."""
    lines = [_fill(FISH, paths=" ".join(command.path for command in commands if command.path))]
    for command in commands:
        at = f"complete -c {PROGRAM} -n '__gliner2_lite_at \"{command.path}\"'"
        for name, text in command.subcommands.items():
            lines.append(f"{at} -a {name} -d {_fish(text)}\n")
        for option in command.options:
            names = " ".join(
                f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names
            )
            values = " -r -F" if option.is_file else " -x" if option.takes_value else ""
            if option.choices:
                values += f" -a {_fish(' '.join(option.choices))}"
            lines.append(f"{at} {names}{values} -d {_fish(option.help)}\n")
        for positional in command.positionals:
            if positional.choices:
                lines.append(f"{at} -a {_fish(' '.join(positional.choices))}\n")
            elif positional.is_file:
                lines.append(f"{at} -F\n")
    return "".join(lines)


SCRIPTS: dict[str, Callable[[Sequence[Command]], str]] = {
    "bash": bash_script,
    "zsh": zsh_script,
    "fish": fish_script,
}


def _value_cases(
    commands: Sequence[Command], *, choices: Callable[[Sequence[str]], str], files: str
) -> Iterator[str]:
    """What may follow an option that takes a value."""
    for command in commands:
        for option in command.options:
            if option.takes_value:
                pattern = "|".join(f'"{command.path} {name}"' for name in option.names)
                action = choices(option.choices) if option.choices else files if option.is_file else "return"
                yield f"        {pattern}) {action} ;;"


def _cases(commands: Sequence[Command], action: Callable[[Command], str]) -> Iterator[str]:
    for command in commands:
        yield f'            "{command.path}") {action(command)} ;;'


def _positional(command: Command, files: str, words: Callable[[Iterable[tuple[str, str]]], str]) -> str:
    """What may stand where no option does: subcommands, choices or files."""
    if command.subcommands:
        return words(command.subcommands.items())
    choices = [(name, "") for argument in command.positionals for name in argument.choices]
    if not choices and any(argument.is_file for argument in command.positionals):
        return files
    return words(choices)


def _bash_words(pairs: Iterable[tuple[str, str]]) -> str:
    return f"values={_lines([name for name, _ in pairs])}"


def _names(options: Sequence[Argument]) -> list[str]:
    return [name for option in options for name in option.names]


def _lines(names: Sequence[str]) -> str:
    """Names for ``compgen -W`` when IFS is a line end."""
    return "$'" + r"\n".join(names) + "'"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _fill(template: str, **parts: str | Iterable[str]) -> str:
    filled = {
        f"@{name.upper()}@": part if isinstance(part, str) else "\n".join(part)
        for name, part in parts.items()
    }
    return re.sub("@[A-Z]+@", lambda match: filled[match[0]], template)
