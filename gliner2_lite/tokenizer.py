"""Words → token ids. The only module that imports ``tokenizers``, and only for bundles that need it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gliner2_lite.compact import CompactTokenizer
from gliner2_lite.errors import BundleError, InputTypeError
from gliner2_lite.vocabulary import usable

MAX_CACHED_WORDS = 50_000
MAX_CACHED_LENGTH = 2_000
Functions = tuple[Callable[[str], list[int]], Callable[[str], "int | None"]]


class WordTokenizer:
    """Tokenises each word on its own, without ``[CLS]``/``[SEP]``, as the checkpoints were trained.

    Frequent words are remembered: a schema's words and most text words cost one dict look-up.
    """

    def __init__(self, path: Path, special_tokens: dict[str, int], compact: Path | None = None) -> None:
        """``path`` is tokenizer.json. It is not read when ``compact``, the same in a form made for a quick
        start, is given and usable on this machine.

        Raises:
            BundleError: the file is damaged, or does not have the special tokens that the manifest says.
        """
        if compact is not None and usable():
            path, (self._encode, token_id) = compact, _compact(compact)
        else:
            self._encode, token_id = _library(path)
        for token, expected in special_tokens.items():
            found = token_id(token)
            if found != expected:
                raise BundleError(
                    f"{path}: {token} has id {found}, the manifest says {expected}; "
                    "the bundle's files do not belong together"
                )
        self._cache: dict[str, tuple[int, ...]] = {}

    def ids(self, word: str) -> tuple[int, ...]:
        """Token ids of one word; empty when the tokenizer's normaliser leaves nothing of it.

        Raises:
            InputTypeError: the word holds a lone surrogate.
        """
        known = self._cache.get(word)
        if known is not None:
            return known
        ids = tuple(self._encode(word))
        if len(word) <= MAX_CACHED_LENGTH:
            if len(self._cache) >= MAX_CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = ids
        return ids


def _compact(path: Path) -> Functions:
    """The compact form at ``path``: text → ids, and token → id."""
    tokenizer = CompactTokenizer(path)
    return tokenizer.ids, tokenizer.token_id


def _library(path: Path) -> Functions:
    """``tokenizers`` on tokenizer.json: text → ids, and token → id."""
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except BaseException as error:  # the library raises bare Exception for malformed files, or panics
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        raise BundleError(f"{path} is not a tokenizer file ({error}); get the bundle again") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def encode(word: str) -> list[int]:
        try:
            return list(tokenizer.encode(word, add_special_tokens=False).ids)
        except TypeError as error:
            raise InputTypeError(f"{word!r} cannot be tokenised ({error})") from error

    return encode, tokenizer.token_to_id
