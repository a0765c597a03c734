"""Bundles with altered bytes: each loads and answers, or is a BundleError; in a process that may crash.

The manifest is changed to agree with the altered file's size, so that only its content can tell. An answer
from altered weights is allowed here: ``verify="hash"`` is what finds those, and is tried on every one too.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from gliner2_lite import BundleError, GLiNER2, RunError, Schema
from gliner2_lite.bundle.manifest import MANIFEST_NAME, read_bundle

HANG_SECONDS = 120


@dataclass
class Outcome:
    """What became of the bundles: how many ended how, and those that broke the promise."""

    ended: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def files_of(bundle: Path) -> list[str]:
    """What may be altered: the manifest, and all that a load reads."""
    read = read_bundle(bundle)
    return sorted({MANIFEST_NAME, *read.needed_files(read.choose(None))})


def alter(data: bytes, source: random.Random) -> bytes:
    """``data`` with some of its bytes changed, moved, removed or added."""
    way = source.choice(["bits", "bits", "number", "cut", "zeros", "repeat", "noise", "empty"])
    if way == "empty" or not data:
        return b""
    if way == "noise":
        return source.randbytes(source.choice([1, 10, 1000, len(data)]))
    out = bytearray(data)
    # Headers and directories are at the ends: half of all changes are there.
    edge = min(400, len(out))
    place = source.choice(
        [source.randrange(len(out)), source.randrange(edge), len(out) - 1 - source.randrange(edge)]
    )
    size = source.choice([1, 4, 16, 256])
    if way == "bits":
        for _ in range(source.choice([1, 1, 3, 50])):
            out[min(place + source.randrange(size), len(out) - 1)] ^= 1 << source.randrange(8)
    elif way == "number":
        out[place : place + 8] = source.choice([b"\xff" * 8, b"\x7f" + b"\xff" * 7, bytes(8), b"\x80" * 8])
    elif way == "cut":
        del out[place:]
    elif way == "zeros":
        out[place : place + size] = bytes(len(out[place : place + size]))
    else:
        out[place:place] = out[place : place + size]
    return bytes(out)


def run(bundle: Path, work: Path, first: int, last: int) -> Outcome:
    """Try the alterations ``first`` … ``last`` of ``bundle`` in processes of their own."""
    outcome, number = Outcome(), first
    while number <= last:
        command = [sys.executable, __file__, str(bundle), str(work), str(number), str(last)]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=HANG_SECONDS + last - number
            )
            code: int | str = done.returncode
            lines = done.stdout.splitlines()
        except subprocess.TimeoutExpired as error:
            code, lines = "hang", (error.stdout or b"").decode().splitlines()
        for line in lines:
            name, _, what = line.partition(" ")
            if not name.isdecimal():
                outcome.broken.append(f"{number}: the load prints {line!r}")
            elif what == "begins":
                number = int(name)
            else:
                outcome.ended[what.split(":")[0]] += 1
                if what.startswith("BROKEN"):
                    outcome.broken.append(line)
        if code == 0:
            break
        outcome.ended["crash"] += 1
        outcome.broken.append(f"{number}: the process ended with {code}")
        number += 1
    return outcome


def main(bundle: Path, work: Path, first: int, last: int) -> None:
    """The child: one line before each attempt and one after it."""
    warnings.simplefilter("ignore")  # NumPy's, of weights that became infinite
    names = files_of(bundle)
    for number in range(first, last + 1):
        print(number, "begins", flush=True)
        source = random.Random(number)
        name = names[number % len(names)]
        root = work / "altered"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(bundle, root)
        original = (root / name).read_bytes()
        changed = alter(original, source)
        (root / name).write_bytes(changed)
        if name != MANIFEST_NAME:
            manifest = json.loads((root / MANIFEST_NAME).read_text())
            manifest["files"][name]["size"] = len(changed)
            (root / MANIFEST_NAME).write_text(json.dumps(manifest))
        print(number, f"{attempt(root, name, same=changed == original)}", flush=True)


def attempt(root: Path, name: str, *, same: bool) -> str:
    """How it ended; ``BROKEN: …`` for what must not happen."""
    schema = Schema().entities(["person", "city"]).relations(["works for"])
    schema.structure("deal").field("buyer").field("price").schema.build()
    how = "answers"
    try:
        model = GLiNER2.from_pretrained(root, threads=1, prepack="never")
        model.batch_extract(["Ann of Siemens met Bob in Oslo for $5.", "Ann. " * 30], schema, threshold=0.01)
    except BundleError:
        how = "BundleError"
    except RunError:
        how = "RunError"
    except Exception as error:
        return f"BROKEN: {name}: {type(error).__name__}: {' '.join(str(error).split())[:200]}"
    if not same and name != MANIFEST_NAME:
        try:
            GLiNER2.from_pretrained(root, threads=1, prepack="never", verify="hash")
        except BundleError:
            return how
        return f"BROKEN: {name}: verify='hash' takes an altered file"
    return how


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
