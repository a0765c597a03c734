"""A process of ``tokenizer``: open one form of a bundle's tokenizer and look words up, both timed.

It must add nothing to what it measures: imports that a form needs are part of its loading.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from benchmarks.usage import read_usage
from gliner2_lite.bundle.manifest import TOKENIZER_NAME, VOCABULARY_NAME

FIRST = 200  # new words that a first short text might bring


def main() -> None:
    """``FORM BUNDLE`` in the arguments, the words as JSON on standard input: print the figures as JSON."""
    print(json.dumps(measure_form(sys.argv[1], Path(sys.argv[2]), json.load(sys.stdin))))


def measure_form(form: str, bundle: Path, words: list[str]) -> dict[str, float]:
    """Figures of one run in this process, ``form`` "tokenizers" or "compact".

    Milliseconds to ``load`` and for the ``first`` words, microseconds for each further ``word``, megabytes of
    ``anonymous`` memory that loading and the first words added. Processor time: other work does not count.
    """
    before = _anonymous()
    started = time.process_time()
    from gliner2_lite.tokenizer.word_tokenizer import WordTokenizer

    compact = bundle / VOCABULARY_NAME if form == "compact" else None
    tokenizer = WordTokenizer(bundle / TOKENIZER_NAME, {}, compact)
    loaded = time.process_time()
    for word in words[:FIRST]:
        tokenizer.ids(word)
    first = time.process_time()
    after = _anonymous()
    for word in words[FIRST:]:
        tokenizer.ids(word)
    more = time.process_time()
    return {
        "load": 1e3 * (loaded - started),
        "first": 1e3 * (first - loaded),
        "word": 1e6 * (more - first) / max(1, len(words[FIRST:])),
        "anonymous": after - before,
    }


def _anonymous() -> float:
    """Anonymous memory of this process in units of 2²⁰ bytes, as docs/tokenizer.md gives it."""
    usage = read_usage()
    return usage["anonymous_mb"] * 1e6 / 2**20 if usage is not None else 0.0
