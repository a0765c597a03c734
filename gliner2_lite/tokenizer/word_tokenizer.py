"""Words → token ids. The only module that imports ``tokenizers``, and only for bundles that need it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from gliner2_lite.bundle.manifest import TOKENIZER_NAME, Bundle
from gliner2_lite.errors import BundleError, InputTypeError
from gliner2_lite.tokenizer.compact import CompactTokenizer
from gliner2_lite.tokenizer.vocabulary import usable

MAX_CACHED_WORDS = 5_000
MAX_CACHED_LENGTH = 2_000  # a task with its descriptions is one word
MAX_CACHED_CHARACTERS = 500_000  # of all words together: a few megabytes, whatever the words
Functions = tuple[Callable[[str], list[int]], Callable[[str], "int | None"]]


def open_tokenizer(bundle: Bundle) -> WordTokenizer:
    """The tokenizer of a bundle, in its compact form where it has one.

    Raises:
        BundleError: its file is missing, damaged, or does not have the special tokens of the manifest.
    """
    compact = None if bundle.vocabulary is None else bundle.path(bundle.vocabulary)
    return WordTokenizer(bundle.path(TOKENIZER_NAME), bundle.special_tokens, compact)


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
            number = token_id(token)
            if number != expected:
                raise BundleError(
                    f"{path}: {token} has id {number}, the manifest says {expected}; "
                    "the bundle's files do not belong together"
                )
        self._cache: dict[str, tuple[int, ...]] = {}
        self._characters = 0  # in the cache

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
            # Threads may count a word twice or lose one: the bound need not be exact.
            if len(self._cache) >= MAX_CACHED_WORDS or self._characters >= MAX_CACHED_CHARACTERS:
                self._cache.clear()
                self._characters = 0
            self._cache[word] = ids
            self._characters += len(word)
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
