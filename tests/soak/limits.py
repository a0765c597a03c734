"""Load, compile and call in control groups with little memory (Linux, root): ``python -m tests.soak.limits``.

A group's limit is not seen by an allocation: the kernel takes back what is mapped from files, and when that
is not enough it kills the process. So a process ends with the right answers, with an error of this package,
or killed; then one without a limit must answer rightly from whatever the killed ones left in the cache.
Prints a table and ends with 1 when an answer was wrong or an end was of another kind.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.limits import Group, memory_group

SECONDS = 600
#: Each line is a stage that was reached; what follows ``right`` or ``WRONG`` is compared by the parent.
PROGRAM = """
import sys
import gliner2_lite.load.loading
from gliner2_lite import GLiNER2, GLiNER2LiteError, Schema
gliner2_lite.load.loading.COMPILE_FROM_BYTES = 0  # small models too are packed into the cache
print("imported", flush=True)
try:
    model = GLiNER2.from_pretrained(sys.argv[1], cache=sys.argv[2], threads=1)
    print("loaded", flush=True)
    schema = Schema().entities(["person", "city"])
    one, many = ["Ann Smith met Bob in Oslo."], ["Ann Smith met Bob in Oslo. " * 40] * 24
    options = {"threshold": 0.1, "include_confidence": True, "batch_tokens": 100_000}
    for name, texts in (("call", one), ("large call", many), ("call again", one)):
        answer = model.batch_extract(texts, schema, **options)
        print(f"{name}: {answer!r}", flush=True)
except (GLiNER2LiteError, MemoryError) as error:
    print(f"error: {type(error).__name__}", flush=True)
    sys.exit(3)
"""


def run(command: Sequence[str], group: Group | None) -> tuple[int, list[str]]:
    """Exit status and lines of a process that is in ``group`` before its program begins."""
    join = None if group is None else lambda: Path(group.join).write_text(str(os.getpid()))
    done = subprocess.run(command, preexec_fn=join, capture_output=True, text=True, timeout=SECONDS)
    return done.returncode, done.stdout.splitlines()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak.limits", description=__doc__)
    parser.add_argument("--model", default="tiny", help="bundle to load (tiny)")
    parser.add_argument("--megabytes", default="16:208:8", help="limits, as FROM:TO:STEP (16:208:8)")
    options = parser.parse_args()
    wrong = 0
    print("| limit MB | end | reached |\n|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, options.model]
        code, right = run([*command, f"{folder}/whole"], None)
        assert code == 0 and len(right) == 5, right
        for megabytes in range(*map(int, options.megabytes.split(":"))):
            cache = f"{folder}/{megabytes}"
            with memory_group(megabytes << 20) as group:
                if isinstance(group, str):
                    parser.error(f"no control group can be made: {group}")
                code, lines = run([*command, cache], group)
            ends = {0: "right", 3: lines[-1] if lines else "", -signal.SIGKILL: "killed"}
            answers = [line for line in lines if not line.startswith("error: ")]
            faults = []
            if code not in ends:
                faults.append(f"EXIT {code}")
            if answers != right[: len(answers)] or (code == 0 and answers != right):
                faults.append("WRONG ANSWER")
            if run([*command, cache], None) != (0, right):
                faults.append("WRONG AFTERWARDS")
            wrong += bool(faults)
            end = ", ".join(faults) or ends[code]
            reached = answers[-1].split(":")[0] if answers else "nothing"
            print(f"| {megabytes} | {end} | {reached} |", flush=True)
    print(f"{wrong} wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
