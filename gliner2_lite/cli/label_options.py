r"""Names with meanings on the command line: ``a,b``, ``a::meaning,b``, and one at a time.

A comma separates names and is common in meanings too. ``\,`` is a comma of the text; an option for one name
(``--entity``) takes the whole rest as its meaning. What could be read both ways is an error, never a label.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable

SEPARATOR = "::"

Labels = list[str] | dict[str, str]


def split_escaped(text: str, separator: str) -> list[str]:
    r"""The stripped parts of ``text`` between separators; ``\`` before one keeps it as text."""
    parts = re.split(rf"(?<!\\){re.escape(separator)}", text)
    return [part.replace(f"\\{separator}", separator) for part in parts]


def names(text: str) -> Labels:
    """``a,b`` to names, or ``a::meaning,b`` to names with meanings (an empty one is none)."""
    parts = split_escaped(text, ",")
    if not all(part.strip() for part in parts):
        raise argparse.ArgumentTypeError(
            f"{text!r} has an empty name: write names with commas between, as in a,b"
        )
    pairs: list[tuple[str, str]] = []
    explained = False
    for part in parts:
        # In a sentence a space follows the comma; a name of several words may be the rest of one as well.
        if explained and SEPARATOR not in part and re.search(r"\s", part.rstrip()):
            raise argparse.ArgumentTypeError(
                rf"{part.strip()!r} in {text!r} may be a name or the rest of a meaning: write \, for a comma "
                "inside a meaning, or put the names that have none first"
            )
        explained = explained or SEPARATOR in part
        pairs.append(_pair(part, text))
    return joined(pairs)


def one_name(text: str) -> Labels:
    r"""``NAME`` or ``NAME::MEANING``; commas need no ``\`` in the meaning, and have one in the name."""
    name, separator, meaning = text.partition(SEPARATOR)
    if len(split_escaped(name, ",")) > 1:
        raise argparse.ArgumentTypeError(
            rf"{name!r} has a comma: this option takes one name; write \, if the comma is part of it"
        )
    return joined([_pair(f"{name}{separator}{meaning}".replace("\\,", ","), text)])


def names_of_task(text: str) -> tuple[str, Labels]:
    """``TASK=LABEL,LABEL`` to the task and its labels."""
    task, labels = _task(text, "TASK=LABEL,LABEL as in mood=good,bad")
    return task, names(labels)


def one_name_of_task(text: str) -> tuple[str, Labels]:
    """``TASK=LABEL::MEANING`` to the task and this one label."""
    task, label = _task(text, "TASK=LABEL::MEANING as in mood=good::Praise")
    return task, one_name(label)


def joined(pairs: Iterable[tuple[str, str]]) -> Labels:
    """A list when no name has a meaning, else a dict."""
    named = dict(pairs)
    return named if any(named.values()) else list(named)


def items(labels: Labels) -> list[tuple[str, str]]:
    """The names with their meanings; an empty one is none."""
    return list(labels.items()) if isinstance(labels, dict) else [(name, "") for name in labels]


def _task(text: str, form: str) -> tuple[str, str]:
    task, equals, labels = text.partition("=")
    if not (task.strip() and equals):
        raise argparse.ArgumentTypeError(f"{text!r} is not {form}")
    return task.strip(), labels


def _pair(part: str, text: str) -> tuple[str, str]:
    name, _, meaning = part.partition(SEPARATOR)
    if not name.strip():
        raise argparse.ArgumentTypeError(f"{text!r} has an empty name: write NAME or NAME::MEANING")
    if SEPARATOR in meaning:
        raise argparse.ArgumentTypeError(
            f"{part.strip()!r} has '::' twice: write NAME::MEANING, with no '::' in the meaning"
        )
    return name.strip(), meaning.strip()
