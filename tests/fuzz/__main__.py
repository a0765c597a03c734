"""``python -m tests.fuzz``: every target on new random input for a given time; prints a table and JSON.

Each round draws from a seed that is printed, so that what it found can be found again. ``--guided`` lets
coverage choose the inputs instead; it needs the package ``atheris``.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import traceback
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings

from gliner2_export.vocabulary.compact import add_to_bundle
from tests.fuzz import bundles, guided
from tests.fuzz.targets import TARGETS
from tests.golden.store import unpack_bundle

BUNDLES = "bundle-bytes"
ROUND = 1000


def fuzz(name: str, seconds: float, first_seed: int) -> dict[str, Any]:
    """Rounds of ``ROUND`` inputs until ``seconds`` are over or one breaks the target's promise."""
    target, tried, number = TARGETS[name], 0, first_seed
    end = time.monotonic() + seconds
    while time.monotonic() < end:

        @seed(number)
        @settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        @given(target.values)
        def check(value: Any) -> None:
            nonlocal tried
            tried += 1
            if time.monotonic() < end:
                target.check(value)

        try:
            check()
        except Exception:  # whatever a target lets out is the finding
            return {"target": name, "inputs": tried, "seed": number, "finding": traceback.format_exc()}
        number += 1
    return {"target": name, "inputs": tried, "seeds": [first_seed, number - 1], "finding": None}


def fuzz_bundles(seconds: float, first_seed: int) -> dict[str, Any]:
    """Altered bundles, with and without a compact vocabulary, until ``seconds`` are over."""
    ended: dict[str, int] = {}
    broken: list[str] = []
    number, end = first_seed * 1_000_000, time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        sources = [unpack_bundle(name, Path(folder)) for name in ("lstm-first-wordpiece", "v2-first-unigram")]
        for source in sources:
            add_to_bundle(source)
        while time.monotonic() < end:
            for source in sources:
                outcome = bundles.run(source, Path(folder), number, number + 99)
                broken += [f"{source.name} {line}" for line in outcome.broken]
                for how, count in outcome.ended.items():
                    ended[how] = ended.get(how, 0) + count
            number += 100
    return {
        "target": BUNDLES,
        "inputs": sum(ended.values()),
        "ended": ended,
        "finding": "\n".join(broken) or None,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    names = [*TARGETS, BUNDLES]
    parser.add_argument("targets", nargs="*", help=f"of {', '.join(names)}; all by default")
    parser.add_argument("--seconds", type=float, default=600, help="for each target (600)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (0)")
    parser.add_argument("--guided", action="store_true", help="by coverage; not for bundle-bytes")
    options = parser.parse_args()
    if options.guided and not find_spec("atheris"):
        parser.error("--guided needs the package atheris: pip install atheris")
    if options.guided:
        names.remove(BUNDLES)
    if unknown := set(options.targets) - set(names):
        parser.error(f"no target is called {', '.join(sorted(unknown))}; write some of {', '.join(names)}")
    one = guided.fuzz if options.guided else fuzz
    found = []
    print("| target | inputs | finding |\n|---|---|---|", flush=True)
    for name in options.targets or names:
        if name == BUNDLES:
            found.append(fuzz_bundles(options.seconds, options.seed))
        else:
            found.append(one(name, options.seconds, options.seed))
        print(
            f"| {name} | {found[-1]['inputs']:,} | {'yes' if found[-1]['finding'] else 'none'} |", flush=True
        )
    print(json.dumps(found, indent=2))
    return 1 if any(entry["finding"] for entry in found) else 0


if __name__ == "__main__":
    sys.exit(main())
