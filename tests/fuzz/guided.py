"""The same targets, guided by coverage: ``python -m tests.fuzz --guided``, where the ``atheris`` package is.

libFuzzer changes the bytes from which hypothesis draws a target's input and keeps those that reach new code
of gliner2_lite. It never returns to Python, so each target has a process of its own: this module.
"""

from __future__ import annotations

import random
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

#: Most bytes that one input is drawn from, and how many random ones there are to begin with.
MOST_BYTES, SEEDS = 4096, 64
#: A single input that takes longer is a finding.
INPUT_SECONDS = 60
#: The child says so often how many inputs reached the target; libFuzzer ends it without a last word.
SAY_EVERY = 50
BROKEN = "broken by "
_CHECKED = re.compile(r"^checked (\d+)$", re.MULTILINE)
_COVERED = re.compile(r"\bcov: (\d+)")


def fuzz(name: str, seconds: float, first_seed: int) -> dict[str, Any]:
    """One target for ``seconds``, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        source = random.Random(first_seed)
        for number in range(SEEDS):
            (Path(folder) / str(number)).write_bytes(source.randbytes(source.randrange(MOST_BYTES)))
        done = subprocess.run(
            [
                sys.executable, "-m", "tests.fuzz.guided", name, folder, f"-max_total_time={seconds:.0f}",
                f"-seed={first_seed + 1}", f"-max_len={MOST_BYTES}", f"-timeout={INPUT_SECONDS}",
                "-use_value_profile=1", f"-artifact_prefix={folder}/",
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
        )  # fmt: skip
    checked, covered = _CHECKED.findall(done.stderr), _COVERED.findall(done.stderr)
    held = done.returncode == 0 and checked and covered  # without coverage, nothing guided it
    # A hang, a crash or too much memory is no exception: libFuzzer tells of it at the end.
    told = done.stderr.partition(BROKEN)[2] or done.stderr[-4000:]
    return {
        "target": name,
        "inputs": int(checked[-1]) if checked else 0,
        "edges": [int(covered[0]), int(covered[-1])] if covered else None,
        "seed": first_seed,
        "finding": None if held else told,
    }


def main(name: str, arguments: list[str]) -> None:
    """The child: counts what reached the target, and lets libFuzzer print and end."""
    import atheris

    with atheris.instrument_imports(include=["gliner2_lite"]):
        from tests.fuzz.targets import TARGETS
    from hypothesis import HealthCheck, given, settings

    target, checked = TARGETS[name], 0

    @settings(deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(target.values)
    def check(value: Any) -> None:
        nonlocal checked
        checked += 1
        if checked % SAY_EVERY == 0:
            print(f"checked {checked}", file=sys.stderr, flush=True)
        try:
            target.check(value)
        except Exception:  # whatever a target lets out is the finding
            print(f"{BROKEN}{value!r}\n{traceback.format_exc()}", file=sys.stderr, flush=True)
            raise

    atheris.Setup([sys.argv[0], *arguments], check.hypothesis.fuzz_one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
