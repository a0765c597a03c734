"""Words → token ids. The only module that imports ``tokenizers``."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from gliner2_lite.errors import BundleError

MAX_CACHED_WORDS = 50_000
MAX_CACHED_LENGTH = 2_000


class WordTokenizer:
    """Tokenises each word on its own, without ``[CLS]``/``[SEP]``, as the checkpoints were trained.

    Frequent words are remembered: a schema's words and most text words cost one dict look-up.
    """

    def __init__(self, path: Path, special_tokens: dict[str, int]) -> None:
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises bare Exception for every malformed file
            raise BundleError(f"{path} is not a tokenizer file ({error}); get the bundle again") from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        for token, expected in special_tokens.items():
            if tokenizer.token_to_id(token) != expected:
                raise BundleError(
                    f"{path}: {token} has id {tokenizer.token_to_id(token)}, the manifest says {expected}; "
                    "the bundle's files do not belong together"
                )
        self._tokenizer = tokenizer
        self._cache: dict[str, tuple[int, ...]] = {}

    def ids(self, word: str) -> tuple[int, ...]:
        """Token ids of one word; empty when the tokenizer's normaliser leaves nothing of it."""
        known = self._cache.get(word)
        if known is not None:
            return known
        ids = tuple(self._tokenizer.encode(word, add_special_tokens=False).ids)
        if len(word) <= MAX_CACHED_LENGTH:
            if len(self._cache) >= MAX_CACHED_WORDS:
                self._cache.clear()
            self._cache[word] = ids
        return ids
