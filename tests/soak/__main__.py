"""Call a model for many minutes with changing texts and schemas, from several threads and with errors.

Prints samples as Markdown and a summary as JSON. Ends with 1 when an answer changed, an error was of an
unknown kind, or files or threads were left open. Memory slopes are for the second half of the run, when
caches are full.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Any

from gliner2_lite import GLiNER2, GLiNER2LiteError, Schema
from tests.soak.measure import Sample, slope, take

NAMES = ("Ann", "Bob Lee", "Tim Cook", "Çelik", "Maria López")
PLACES = ("Oslo", "São Paulo", "New York", "東京", "Berlin")
CONTROL = "Tim Cook of Apple met Maria López in Oslo on Monday."


class Soak:
    """A model, what was asked of it, and what it answered."""

    def __init__(self, model: GLiNER2, seed: int) -> None:
        self.model, self.random = model, random.Random(seed)
        self.kinds: Counter[str] = Counter()
        self.wrong: list[str] = []
        self.control = self._control()

    def one(self, number: int) -> str:
        """One call, drawn from ``number`` alone; returns its kind."""
        source = random.Random(number)
        text = " ".join(
            f"{source.choice(NAMES)} {source.randrange(10**9)} went to {source.choice(PLACES)}."
            for _ in range(source.choice([1, 1, 2, 6, 12]))
        )
        labels = [f"label {source.randrange(10**6)}" for _ in range(source.choice([1, 3, 8]))]
        kind = source.choice(["entities", "entities", "all", "batch", "long", "stream", "refused", "load"])
        if kind == "load" and source.randrange(20):
            kind = "control"
        try:
            self._ask(kind, text, labels)
        except GLiNER2LiteError as error:
            if kind != "refused":
                self.wrong.append(f"call {number} ({kind}): {error!r}")
        return kind

    def _ask(self, kind: str, text: str, labels: list[str]) -> None:
        model = self.model
        if kind == "entities":
            model.extract_entities(text, ["person", "city", *labels], include_spans=True)
        elif kind == "all":
            schema = Schema().entities(labels).relations(["works for"]).classification("tone", ["a", "b"])
            model.extract(text, schema.structure("trip").field("who").field("where"), 0.1)
        elif kind == "batch":
            model.batch_extract([text, "", CONTROL, text[:40]], Schema().entities(labels))
        elif kind == "long":
            model.extract_entities_long(text * 8, ["person"], chunk_size=64, chunk_overlap=8)
        elif kind == "stream":
            stream = model.extract_iter([text, "\ud800", text], Schema().entities(labels), errors="yield")
            next(iter(stream))  # and dropped half-read
        elif kind == "refused":
            model.extract_entities(text, ["[E]"])
        elif kind == "load":
            GLiNER2.from_pretrained(self.model.bundle.root, threads=1)
        elif self._control() != self.control:
            self.wrong.append("the control text is answered differently")

    def _control(self) -> str:
        return repr(self.model.extract_entities(CONTROL, ["person", "city"], 0.1, include_confidence=True))


def run(
    model: GLiNER2, *, seconds: float, every: float, threads: int, seed: int
) -> tuple[Soak, list[Sample]]:
    """Call for ``seconds`` and take a sample ``every`` so many, while no call runs."""
    soak, samples, calls = Soak(model, seed), [], 0
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(soak.one, range(-threads * 10, 0)))  # the first calls fill caches and start threads
        begin = time.monotonic()
        samples.append(take(0.0, 0))
        while (now := time.monotonic() - begin) < seconds:
            while time.monotonic() - begin < now + every:
                numbers = range(seed * 10**9 + calls, seed * 10**9 + calls + 32)
                soak.kinds.update(pool.map(soak.one, numbers))
                calls += len(numbers)
            samples.append(take(time.monotonic() - begin, calls))
    return soak, samples


def summary(soak: Soak, samples: list[Sample]) -> dict[str, Any]:
    """The figures of a run."""
    first, last = samples[0], samples[-1]
    late = samples[len(samples) // 2 :]
    return {
        "calls": last.calls,
        "seconds": last.seconds,
        "kinds": dict(soak.kinds),
        "wrong": soak.wrong,
        "resident_mb": [round(first.resident_kb / 1024, 1), round(last.resident_kb / 1024, 1)],
        "kb_per_1000_calls": round(1000 * slope([(s.calls, s.resident_kb) for s in late]), 1),
        "kb_per_minute": round(60 * slope([(s.seconds, s.resident_kb) for s in late]), 1),
        "objects_per_1000_calls": round(1000 * slope([(s.calls, s.objects) for s in late]), 1),
        "open_files": [first.open_files, last.open_files],
        "threads": [first.threads, last.threads],
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="how long (30)")
    parser.add_argument("--samples", type=int, default=30, help="how many samples (30)")
    parser.add_argument("--threads", type=int, default=4, help="threads that call (4)")
    parser.add_argument("--model", default="tiny", help="bundle to load (tiny)")
    parser.add_argument("--profile", help="how the bundle is loaded (the library's choice)")
    parser.add_argument("--seed", type=int, default=0, help="of what is asked (0)")
    options = parser.parse_args()
    seconds = 60 * options.minutes
    model = GLiNER2.from_pretrained(options.model, threads=1, profile=options.profile)
    soak, samples = run(
        model, seconds=seconds, every=seconds / options.samples, threads=options.threads, seed=options.seed
    )
    print(
        "| seconds | calls | resident MB | open files | threads | Python objects |\n|---|---|---|---|---|---|"
    )
    for sample in samples:
        values = asdict(sample) | {"resident_kb": f"{sample.resident_kb / 1024:.1f}"}
        print("|", " | ".join(f"{value}" for value in values.values()), "|")
    result = summary(soak, samples)
    print(json.dumps(result, indent=2))
    grown = samples[-1].open_files > samples[0].open_files or samples[-1].threads > samples[0].threads
    return 1 if soak.wrong or grown else 0


if __name__ == "__main__":
    sys.exit(main())
