"""Text → ids from a compact vocabulary, in the order of steps that ``tokenizers`` has.

Added tokens that are taken literally are cut out first, the rest is normalised, then added tokens are looked
for in normalised text, and what remains is split into chunks for the model.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gliner2_lite.errors import InputTypeError
from gliner2_lite.tokenizer.charsmap import CharsMap
from gliner2_lite.tokenizer.unigram import Unigram
from gliner2_lite.tokenizer.vocabulary import VocabularyFile
from gliner2_lite.tokenizer.wordpiece import BertCleaner, BertSplitter, WordPiece

# Unicode's White_Space. str.strip() would take four control characters more.
BLANKS = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
TWO_SPACES = re.compile(" {2,}")
Step = Callable[[str], str]


class AddedTokens:
    """Tokens that are found in the text before it is split: leftmost first, of several the longest."""

    def __init__(self, tokens: list[tuple[str, int, bool, bool]]) -> None:
        """``tokens``: (text, id, takes blanks on its left, … on its right)."""
        self._tokens = {text: (number, left, right) for text, number, left, right in reversed(tokens)}
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if tokens else None

    def split(self, text: str) -> Iterator[tuple[int | None, str]]:
        """(id, "") for each token, (None, text) for each part between, none of them empty."""
        done = 0
        for match in self._pattern.finditer(text) if self._pattern else ():
            number, left, right = self._tokens[match.group()]
            begin, end = match.span()
            if left:
                while begin > done and text[begin - 1] in BLANKS:
                    begin -= 1
            if right:
                while end < len(text) and text[end] in BLANKS:
                    end += 1
            if done < begin:
                yield None, text[done:begin]
            yield number, ""
            done = end
        if done < len(text):
            yield None, text[done:]


class CompactTokenizer:
    """The tokenizer that a compact vocabulary file describes."""

    def __init__(self, path: Path) -> None:
        """Raises BundleError when the file is not usable."""
        file = self._file = VocabularyFile(path)
        kind = file.setting("model", str)
        self._model: Unigram | WordPiece
        if kind == "unigram":
            self._model, self._split = Unigram(file), _metaspace(file)
        elif kind == "wordpiece":
            self._model, self._split = WordPiece(file), BertSplitter(file).split
        else:
            raise file.damaged(f"model {kind!r} is not known")
        self._steps = [_step(entry, file) for entry in file.setting("normalizer", list)]
        literal, normalized = (_added(file, name) for name in ("added", "added_normalized"))
        self._literal, self._normalized = AddedTokens(literal), AddedTokens(normalized)
        self._ids = {text: number for text, number, *_ in [*normalized, *literal]}

    def token_id(self, token: str) -> int | None:
        """The id of an added token or a piece, None when there is none."""
        known = self._ids.get(token)
        return self._model.trie.id(token) if known is None else known

    def ids(self, text: str) -> list[int]:
        """Token ids of ``text``.

        Raises:
            InputTypeError: a lone surrogate. BundleError: the file turns out to be damaged.
        """
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                raise InputTypeError(
                    f"a lone surrogate at position {error.start} cannot be tokenised"
                ) from error
        ids: list[int] = []
        try:
            for number, part in self._literal.split(text):
                if number is None:
                    self._add_normalized(part, ids)
                else:
                    ids.append(number)
        except (IndexError, KeyError) as error:  # what look-ups outside of a table raise
            raise self._file.damaged("a look-up leads out of its tables") from error
        return ids

    def _add_normalized(self, text: str, ids: list[int]) -> None:
        for step in self._steps:
            text = step(text)
        for number, part in self._normalized.split(text):
            if number is None:
                for chunk in self._split(part):
                    ids.extend(self._model.encode(chunk))
            else:
                ids.append(number)


def _added(file: VocabularyFile, name: str) -> list[tuple[str, int, bool, bool]]:
    tokens = []
    for entry in file.setting(name, list):
        if not isinstance(entry, list) or [type(value) for value in entry] != [str, int, bool, bool]:
            raise file.damaged(f"{name} holds {entry!r}")
        if not entry[0] or entry[1] < 0:
            raise file.damaged(f"{name} holds {entry!r}")
        tokens.append((entry[0], entry[1], entry[2], entry[3]))
    return tokens


def _step(entry: Any, file: VocabularyFile) -> Step:
    """One step of the normaliser as a function."""
    match entry:
        case ["strip", bool(left), bool(right)]:
            both = {(True, True): str.strip, (True, False): str.lstrip, (False, True): str.rstrip}
            strip = both.get((left, right))
            return (lambda text: strip(text, BLANKS)) if strip else (lambda text: text)
        case ["charsmap"]:
            return CharsMap(file).apply
        case ["bert"]:
            return BertCleaner(file).apply
        case ["spaces", str(content)]:
            return lambda text: TWO_SPACES.sub(lambda _: content, text) if "  " in text else text
        case ["replace", str(old), str(new)] if old:
            return lambda text: text.replace(old, new)
    raise file.damaged(f"the step {entry!r} of its normaliser is not known")


def _metaspace(file: VocabularyFile) -> Callable[[str], list[str]]:
    """The pre-tokenizer of SentencePiece models: spaces become a mark that begins a chunk."""
    mark, always, cuts = (
        file.setting(name, kind)
        for name, kind in (("space_mark", str), ("prepend_mark", bool), ("split_at_mark", bool))
    )
    if len(mark) != 1:
        raise file.damaged("its mark for a space is not a character")

    def split(text: str) -> list[str]:
        text = text.replace(" ", mark)
        if always and not text.startswith(mark):
            text = mark + text
        if not cuts or mark not in text[1:]:
            return [text]
        first, *rest = text.split(mark)
        return [first, *(mark + part for part in rest)] if first else [mark + part for part in rest]

    return split
