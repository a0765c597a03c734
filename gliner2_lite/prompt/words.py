"""Text → words with offsets into the text, in time linear in the text.

The words are those of the reference's splitters. Its pattern tries an e-mail at every position and
rescans the rest of the run each time, which is quadratic on long runs such as dots. Here the
e-mails are found first, one pass over the runs, and the remaining alternatives never backtrack.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from operator import index
from typing import Any, NamedTuple, TypeVar

from gliner2_lite.errors import InputError, InputTypeError
from gliner2_lite.schema.checks import shown
from gliner2_lite.schema.limits import MAX_WORDS

Item = TypeVar("Item")
Word = tuple[str, int, int]
WordSplitter = Callable[..., Iterable[Word]]
"""A splitter: called as ``splitter(text, lower=True)``, yields ``(token, start, end)``.

The ranges are half-open, lie in the text, hold at least one character, and follow each other without overlap.
"""

_WORD = "(token, start, end)"
FINAL_MARKS = (".", "!", "?")
_ZERO_WIDTH_JOINERS = "\u200c\u200d"
_FLAGS = re.IGNORECASE
_LOCAL_RUN = re.compile(r"[a-z0-9._%+-]+", _FLAGS)
_DOMAIN = re.compile(r"@[a-z0-9.-]+\.[a-z]{2,}", _FLAGS)
_CHARS = re.compile(r"[A-Za-z0-9@._\-+]+|\S")
# Code points that can carry a category M*: the assigned planes that hold scripts, and the selectors.
_MARK_RANGES = ((0x300, 0x20000), (0xE0000, 0xE1000))


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one text: ``values`` lower-cased, ``starts``/``ends`` half-open into the text."""

    values: tuple[str, ...]
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.values)


def normalize_text(text: str | None) -> str:
    """The text that is encoded: ``"."`` for nothing, and a final ``"."`` unless it ends in ``.!?``."""
    if not text:
        return "."
    return text if text.endswith(FINAL_MARKS) else text + "."


def split_words(
    text: str, splitter: WordSplitter, *, limit: int | None = None, max_words: int = MAX_WORDS
) -> Words:
    """Split ``text``; ``limit`` keeps the first words as the slice ``[:limit]`` does.

    Raises:
        InputError: there are more than ``max_words`` (of those that ``limit`` keeps), or the splitter gives
            something that is no word of ``text``.
    """
    words = checked_words(text, splitter, lower=True)
    if limit is not None and limit >= 0:
        words = islice(words, limit)
    kept = list(checked_count(words, max_words))
    if limit is not None:
        kept = kept[:limit]
    return Words(
        values=tuple(value for value, _, _ in kept),
        starts=tuple(start for _, start, _ in kept),
        ends=tuple(end for _, _, end in kept),
    )


def checked_words(text: str, splitter: WordSplitter, *, lower: bool) -> Iterator[Word]:
    """What ``splitter`` gives for ``text``, one by one.

    A splitter of the caller's is believed nothing: an offset that is wrong would reach the results.

    Raises:
        InputError: an item that is no word of ``text``; names it by index and value.
        InputTypeError: an item, or a part of it, has the wrong type.
    """
    words = splitter(text, lower=lower)
    if splitter is whitespace_words or splitter is char_words:
        return iter(words)
    if isinstance(words, str) or not isinstance(words, Iterable):
        raise InputTypeError(f"the word splitter must yield {_WORD}, it returned {shown(words)}")
    return _checked(words, len(text))


def _checked(words: Iterable[Any], length: int) -> Iterator[Word]:
    position = 0
    for number, word in enumerate(words):
        parts = () if isinstance(word, str) or not isinstance(word, Iterable) else tuple(islice(word, 4))
        if len(parts) != 3:
            raise InputTypeError(f"{_item(number, word)} is not {_WORD}")
        value = parts[0]
        if not isinstance(value, str):
            raise InputTypeError(f"{_item(number, word)} has a token that is not a string")
        start, end = (_offset(part, number, word) for part in parts[1:])
        if start < 0:
            problem = "starts before the text"
        elif end > length:
            problem = f"ends beyond the text, which has {length:,} characters"
        elif end <= start:
            problem = "has no character: its end must be greater than its start"
        elif start < position:
            problem = f"begins before the end of the item before it, {position}; words are in order and apart"
        else:
            position = end
            yield value, start, end
            continue
        raise InputError(f"{_item(number, word)} {problem}")


def _offset(value: object, number: int, word: object) -> int:
    try:
        if not isinstance(value, bool):
            return index(value)  # type: ignore[arg-type]  # NumPy's integers too
    except TypeError:
        pass
    raise InputTypeError(f"{_item(number, word)} has the offset {shown(value)}, which is not an integer")


def _item(number: int, word: object) -> str:
    return f"item {number} of the word splitter, {shown(word)},"


def checked_count(words: Iterable[Item], max_words: int) -> Iterator[Item]:
    """Yield ``words`` one by one; raise InputError for the first one beyond ``max_words``."""
    for number, word in enumerate(words):
        if number == max_words:
            raise InputError(
                f"the text has more than {max_words:,} words; split it, give max_len, or raise Limits.words"
            )
        yield word


def resolve_splitter(splitter: str | WordSplitter | type | None) -> WordSplitter:
    """A splitter from its name (``"whitespace"``, ``"char"``), a class without arguments, or a callable.

    Raises:
        InputError: an unknown name.
        InputTypeError: not callable, or a class that needs arguments.
    """
    if splitter is None:
        return whitespace_words
    if isinstance(splitter, str):
        if splitter not in SPLITTERS:
            known = ", ".join(repr(name) for name in SPLITTERS)
            raise InputError(
                f"word_splitter {splitter!r} is unknown; write one of {known} or give a callable"
            )
        return SPLITTERS[splitter]
    if isinstance(splitter, type):
        try:
            splitter = splitter()
        except TypeError as error:
            raise InputTypeError(
                f"word_splitter class must be callable without arguments: {error}"
            ) from error
    if not callable(splitter):
        raise InputTypeError(
            f"word_splitter must be a name or a callable (text, lower=True), not {type(splitter).__name__}"
        )
    return splitter


def whitespace_words(text: str, lower: bool = True) -> Iterable[tuple[str, int, int]]:
    """URLs, e-mails, @names, runs of letters joined by - or _, and single other characters."""
    pattern = _pattern(has_marks=_has_marks(text))
    emails = _emails(text) if "@" in text else []
    if not emails:
        for match in pattern.finditer(text):
            value = match.group()
            yield (value.lower() if lower else value), match.start(), match.end()
        return
    position, next_email = 0, 0
    while hit := pattern.search(text, position):
        start, end = hit.span()
        while next_email < len(emails) and emails[next_email].at <= start:
            next_email += 1
        if next_email < len(emails) and emails[next_email].start <= start and hit.lastgroup != "url":
            end = emails[next_email].end
        value = text[start:end]
        yield (value.lower() if lower else value), start, end
        position = end


def char_words(text: str, lower: bool = True) -> Iterable[tuple[str, int, int]]:
    """Runs of ASCII letters, digits and ``@._-+``, and every other non-space character alone."""
    for match in _CHARS.finditer(text):
        value = match.group()
        yield (value.lower() if lower else value), match.start(), match.end()


SPLITTERS: dict[str, WordSplitter] = {"whitespace": whitespace_words, "char": char_words}


class _Email(NamedTuple):
    """Any start in ``[start, at)`` begins an e-mail that ends at ``end``."""

    start: int
    at: int
    end: int


def _emails(text: str) -> list[_Email]:
    # "@" is in neither class, so runs and domains of different "@" never share a character: linear.
    emails = []
    for run in _LOCAL_RUN.finditer(text):
        domain = _DOMAIN.match(text, run.end())
        if domain:
            emails.append(_Email(run.start(), run.end(), domain.end()))
    return emails


def _has_marks(text: str) -> bool:
    return not text.isascii() and any(unicodedata.category(char)[0] == "M" for char in set(text))


@lru_cache(maxsize=2)
def _pattern(*, has_marks: bool) -> re.Pattern[str]:
    word = rf"[\w{_ZERO_WIDTH_JOINERS}{_mark_class() if has_marks else ''}]+"
    return re.compile(rf"(?P<url>https?://\S+|www\.\S+)|@[a-z0-9_]+|{word}(?:[-_]{word})*|\S", _FLAGS)


def _mark_class() -> str:
    """All combining marks of this Python's Unicode data, as the inside of a character class."""
    parts: list[str] = []
    for first, last in _MARK_RANGES:
        start = None
        for code in range(first, last + 1):
            is_mark = code < last and unicodedata.category(chr(code))[0] == "M"
            if is_mark and start is None:
                start = code
            elif not is_mark and start is not None:
                parts.append(f"{chr(start)}-{chr(code - 1)}")
                start = None
    return "".join(parts)
