"""A tokenizer of the library beside the same in compact form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers

from gliner2_export.vocabulary.compact import compact_bytes
from gliner2_lite.tokenizer.compact import CompactTokenizer

MARKERS = ("[DESCRIPTION]", "[E]", "[P]", "[SEP_TEXT]", "[UNK]", "[MASK]", "［UNK］", "[unk]")
UNIGRAMS = ("v2-first-unigram", "moe-first-unigram")  # the whole nmt_nfkc map, and a few rules


class Pair:
    """A tokenizer of the library and the same in compact form."""

    def __init__(self, library: Tokenizer, compact: Path) -> None:
        library.no_truncation()
        library.no_padding()
        self.library, self.path = library, compact
        self.compact = CompactTokenizer(compact)

    def check(self, text: str) -> list[int]:
        expected = self.library.encode(text, add_special_tokens=False).ids
        assert self.compact.ids(text) == expected, ascii(text)
        return list(expected)


Vocab = list[tuple[str, float]]


def unigram(vocab: Vocab, tmp_path: Path, *, fallback: bool = False, **metaspace: Any) -> Pair:
    library = Tokenizer(models.Unigram(vocab, unk_id=0, byte_fallback=fallback))
    library.pre_tokenizer = pre_tokenizers.Metaspace(**metaspace)
    return compacted(library, tmp_path)


def compacted(library: Tokenizer, tmp_path: Path) -> Pair:
    path = tmp_path / "made.bin"
    path.write_bytes(compact_bytes(library))
    return Pair(library, path)


def every_text(alphabet: str, length: int) -> list[str]:
    texts = [""]
    for text in texts:
        if len(text) < length:
            texts += [text + char for char in alphabet]
    return texts
