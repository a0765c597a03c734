"""What a bundle's tokenizer costs in both of its forms: ``python -m benchmarks.tokenizer BUNDLE [DATA]``.

Each form runs in processes of its own, and in turn. Times are processor times, so that other work on the
machine does not count; imports that the form needs are part of its loading.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.texts import read_sentences
from gliner2_lite.bundle.manifest import TOKENIZER_NAME, VOCABULARY_NAME
from gliner2_lite.prompt.words import split_words, whitespace_words

RUNS = 5
FIRST, MORE = 200, 5_000  # new words
UNITS = {
    "load": "ms",
    "first": f"ms for {FIRST} words",
    "word": "µs per new word",
    "anonymous": "MB anonymous",
}


def measure(form: str, bundle: Path, words: list[str]) -> dict[str, float]:
    """One run, in this process."""
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
        "word": 1e6 * (more - first) / len(words[FIRST:]),
        "anonymous": after - before,
    }


def _anonymous() -> float:
    """Anonymous memory of this process in MB."""
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Anonymous:"):
            return int(line.split()[1]) / 1024
    return 0.0


def main(bundle: str, data: str | None = None) -> None:
    sentences = read_sentences(Path(data) if data else None)
    values = (value for text in sentences for value in split_words(text, whitespace_words).values)
    words = list(dict.fromkeys(values))[: FIRST + MORE]
    results: dict[str, list[dict[str, float]]] = {"tokenizers": [], "compact": []}
    for _ in range(RUNS):
        for form, found in results.items():
            command = [sys.executable, "-m", "benchmarks.tokenizer", "--run", form, bundle]
            done = subprocess.run(
                command, input=json.dumps(words), capture_output=True, text=True, check=True
            )
            found.append(json.loads(done.stdout))
    for form, found in results.items():
        medians = {name: statistics.median(run[name] for run in found) for name in UNITS}
        print(f"{form:10}", ", ".join(f"{medians[name]:.1f} {unit}" for name, unit in UNITS.items()))


if __name__ == "__main__":
    if sys.argv[1] == "--run":
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]), json.load(sys.stdin))))
    else:
        main(*sys.argv[1:])
