"""Loads a bundle again and again with one file altered; run in a process of its own, which may not die.

    python load_altered.py BUNDLE FILE VERIFY LOADS SEED

Prints a JSON object: how many loads ended how. ``loaded`` includes a call with a record of several
instances, so that every file was read.
"""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from pathlib import Path

from gliner2_lite import BundleError, GLiNER2, Schema


def alter(data: bytes, number: int, chance: random.Random) -> bytes:
    """``data`` with other bytes, of the same length unless ``number`` says that it is cut or grows."""
    if number % 10 == 8:
        return data[: chance.randrange(len(data))]
    if number % 10 == 9:
        return data + chance.randbytes(1 + chance.randrange(64))
    size = (1, 1, 1, 4, 16, 64, 1024, 1)[number % 10]
    begin = number if number < 16 else chance.randrange(len(data))
    block = bytearray(data[begin : begin + size])
    for place in range(len(block)):
        block[place] ^= 1 + chance.randrange(255)
    return data[:begin] + block + data[begin + size :]


def main() -> None:
    root, name, verify, loads, seed = Path(sys.argv[1]), *sys.argv[2:4], int(sys.argv[4]), int(sys.argv[5])
    path, chance = root / name, random.Random(seed)
    data, ends = path.read_bytes(), Counter[str]()
    schema = Schema().entities(["a", "b"])
    schema.structure("record").field("f").field("g", choices=["p", "q"])
    for number in range(loads):
        path.write_bytes(alter(data, number, chance))
        try:
            model = GLiNER2.from_pretrained(root, verify=verify, prepack="never")
            model.pipeline.loaded.architecture.heads.counts, model.pipeline.loaded.architecture.heads.spans  # noqa: B018 - read when they are needed
        except BundleError:
            ends["refused"] += 1
            continue
        except BaseException as error:
            ends[f"{type(error).__name__}: {error}"[:200]] += 1
            continue
        ends["loaded"] += 1
        try:
            model.extract("Ada met Bob.", schema, threshold=0.0)
        except (
            Exception
        ) as error:  # an altered graph or vocabulary that is a graph or vocabulary all the same
            print(type(error).__name__, error, file=sys.stderr)
    path.write_bytes(data)
    print("\n" + json.dumps(ends))


main()
